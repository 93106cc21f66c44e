use powerbox_authority::caveat::{Caveat, Crossing, Which};
use powerbox_passable::Value;

/// Reading caveats: any text is a caveat or an error; what a caveat is written as is read as the same caveat; judging
/// never fails; and nothing is wider than itself.
pub fn caveats(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(caveat) = text.parse::<Caveat>() else { return };
    let written = caveat.to_string();
    let again: Caveat = written.parse().expect("a caveat reads as it is written");
    assert!(again == caveat, "`{written}` is read as another caveat");
    assert!(caveat.within(std::slice::from_ref(&caveat)).is_ok(), "`{written}` is wider than itself");
    for direct in [true, false] {
        let _ = caveat.check(&Call { text, direct });
    }
}

/// A call whose every part is taken from the input.
struct Call<'a> {
    text: &'a str,
    direct: bool,
}

impl Crossing for Call<'_> {
    fn function(&self) -> &str {
        self.text.split([' ', '.']).nth(1).unwrap_or_default()
    }

    fn is_direct(&self) -> bool {
        self.direct
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        Some(vec![self.text.split('/').map(str::to_owned).collect()])
    }

    fn argument(&self, _: &Which) -> Option<Value<()>> {
        match self.text.rsplit(' ').next()?.parse::<f64>() {
            Ok(number) => Some(Value::Number(number)),
            Err(_) => Some(Value::text(self.text)),
        }
    }

    fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    fn digest(&self) -> String {
        String::new()
    }
}
