use crate::{
    Parameter, Problem,
    description::{Argument, ArgumentValue},
};

/// The arguments of one run of a command, by parameter.
///
/// The host has checked them against the parameters already, so the problems that are reported here mean that host
/// and plugin disagree about the contract.
#[derive(Debug)]
pub struct Arguments(Vec<Argument>);

impl Arguments {
    /// Takes the value of a parameter that is required, or has a default.
    pub fn one<T: Parameter>(&mut self, name: &str, default: Option<&str>) -> Result<T, Problem> {
        if let Some(value) = self.optional(name)? {
            return Ok(value);
        }
        let Some(default) = default else {
            return Err(Problem::invalid(format!("{name} is missing")));
        };
        T::from_text(default).ok_or_else(|| {
            Problem::invalid(format!("{name} is missing, and {default:?} can not stand for it"))
        })
    }

    /// Takes the value of a parameter that may be left out.
    pub fn optional<T: Parameter>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let mut values = self.values(name).into_iter();
        let value = values.next().map(|value| fit(name, value)).transpose()?;
        match values.next() {
            None => Ok(value),
            Some(_) => Err(Problem::invalid(format!("{name} was given more than once"))),
        }
    }

    /// Takes the values of a parameter of which there must be at least one.
    pub fn several<T: Parameter>(&mut self, name: &str) -> Result<Vec<T>, Problem> {
        self.any(name)?.ok_or_else(|| Problem::invalid(format!("{name} is missing")))
    }

    /// Takes the values of a parameter of which there may be any number; `None` if there is none.
    pub fn any<T: Parameter>(&mut self, name: &str) -> Result<Option<Vec<T>>, Problem> {
        let values: Vec<T> =
            self.values(name).into_iter().map(|value| fit(name, value)).collect::<Result<_, _>>()?;
        Ok(if values.is_empty() { None } else { Some(values) })
    }

    fn values(&mut self, name: &str) -> Vec<ArgumentValue> {
        let place = self.0.iter().position(|argument| argument.name == name);
        place.map(|place| self.0.swap_remove(place).values).unwrap_or_default()
    }
}

impl From<Vec<Argument>> for Arguments {
    fn from(arguments: Vec<Argument>) -> Self {
        Self(arguments)
    }
}

fn fit<T: Parameter>(name: &str, value: ArgumentValue) -> Result<T, Problem> {
    T::from_value(value).ok_or_else(|| Problem::invalid(format!("the value of {name} is of the wrong kind")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(values: &[&str]) -> Arguments {
        let values = values.iter().map(|text| ArgumentValue::Text((*text).to_owned())).collect();
        vec![Argument { name: "word".to_owned(), values }].into()
    }

    #[test]
    fn a_required_parameter_takes_its_value_once() {
        let mut given = arguments(&["a"]);
        assert_eq!(given.one::<String>("word", None).unwrap(), "a");
        assert!(given.one::<String>("word", None).is_err());
        assert!(arguments(&["a", "b"]).one::<String>("word", None).is_err());
    }

    #[test]
    fn a_default_counts_where_nothing_is_given() {
        assert_eq!(arguments(&[]).one::<i64>("word", Some("7")).unwrap(), 7);
        assert!(arguments(&[]).one::<i64>("word", Some("seven")).is_err());
    }

    #[test]
    fn a_value_of_another_kind_is_a_problem() {
        assert!(arguments(&["a"]).one::<i64>("word", None).is_err());
    }

    #[test]
    fn repeated_parameters_keep_their_order() {
        assert_eq!(arguments(&["b", "a"]).several::<String>("word").unwrap(), ["b", "a"]);
        assert!(arguments(&[]).several::<String>("word").is_err());
        assert_eq!(arguments(&[]).any::<String>("word").unwrap(), None);
    }
}
