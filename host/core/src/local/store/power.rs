use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Exo, Reply, Value};

use super::Owner;
use super::spaces::{Change, SpaceError, SpaceId, Spaces};

/// The power behind a `store` slot.
pub struct StorePower {
    spaces: Spaces,
    whose: Whose,
    most_bytes: u64,
}

/// Which space it works on.
enum Whose {
    /// The owner's own.
    Owner(Owner),
    /// A copy for a migration.
    Draft(SpaceId),
}

impl StorePower {
    /// Makes one for an owner's space, which may have so many bytes.
    pub fn new(spaces: Spaces, owner: Owner, most_bytes: u64) -> Self {
        Self { spaces, whose: Whose::Owner(owner), most_bytes }
    }

    /// Makes one for a copy of a space.
    pub(crate) fn of_draft(spaces: Spaces, draft: SpaceId, most_bytes: u64) -> Self {
        Self { spaces, whose: Whose::Draft(draft), most_bytes }
    }

    fn space(&self) -> Result<SpaceId, SpaceError> {
        match &self.whose {
            Whose::Owner(owner) => self.spaces.of(owner),
            Whose::Draft(draft) => Ok(*draft),
        }
    }

    fn answer(&self, wish: Wish) -> Result<Value, SpaceError> {
        let space = self.space()?;
        let change = |key: &str, value| Change { key: key.to_owned(), value };
        Ok(match wish {
            Wish::Get(key) => self
                .spaces
                .get(space, &key)?
                .map_or(Value::Undefined, |bytes| Value::text(STANDARD.encode(bytes))),
            Wish::Keys(prefix, after) => Value::texts(self.spaces.keys(space, &prefix, after.as_deref())?),
            Wish::Set(key, value) => {
                self.spaces.apply(space, self.most_bytes, None, &[change(&key, Some(value))])?;
                Value::Undefined
            }
            Wish::Remove(key) => {
                let there = self.spaces.apply(space, self.most_bytes, None, &[change(&key, None)])?;
                Value::Bool(there.is_some_and(|there| there.contains(&true)))
            }
            Wish::Replace(key, expected, value) => {
                let expected = Some((key.as_str(), expected.as_deref()));
                let made = self.spaces.apply(space, self.most_bytes, expected, &[change(&key, value)])?;
                Value::Bool(made.is_some())
            }
            Wish::Apply(changes) => {
                self.spaces.apply(space, self.most_bytes, None, &changes)?;
                Value::Undefined
            }
        })
    }
}

/// What a call wants.
enum Wish {
    Get(String),
    Keys(String, Option<String>),
    Set(String, Vec<u8>),
    Remove(String),
    Replace(String, Option<Vec<u8>>, Option<Vec<u8>>),
    Apply(Vec<Change>),
}

impl Wish {
    fn read(method: &str, args: &[Value]) -> Option<Self> {
        let text = |place: usize| args.get(place).and_then(Value::as_str).map(str::to_owned);
        Some(match method {
            "get" => Self::Get(text(0)?),
            "keys" => Self::Keys(text(0)?, text(1)),
            "set" => Self::Set(text(0)?, bytes(args.get(1))??),
            "remove" => Self::Remove(text(0)?),
            "replace" => Self::Replace(text(0)?, bytes(args.get(1))?, bytes(args.get(2))?),
            "apply" => {
                let change = |change: &Value| {
                    let key = change.get("key")?.as_str()?.to_owned();
                    Some(Change { key, value: bytes(change.get("value"))? })
                };
                Self::Apply(args.first()?.as_list()?.iter().map(change).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }
}

/// Bytes as the bridge carries them; the inner `None` is that there are none, the outer that they are no bytes.
fn bytes(value: Option<&Value>) -> Option<Option<Vec<u8>>> {
    match value {
        None | Some(Value::Undefined | Value::Null) => Some(None),
        Some(value) => STANDARD.decode(value.as_str()?).ok().map(Some),
    }
}

impl Exo for StorePower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Store".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["get", "keys", "set", "remove", "replace", "apply"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let Some(wish) = Wish::read(method, &args) else {
            return Reply::error(CallError::Invalid("the arguments are not those of the store".to_owned()));
        };
        let this = Arc::clone(self);
        Reply::pending(async move {
            // The disk may be slow, and another process may hold the database.
            match tokio::task::spawn_blocking(move || this.answer(wish)).await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(SpaceError::Limit(limit))) => Err(CallError::Limit(limit.into())),
                Ok(Err(error)) => Err(CallError::error(error.to_string())),
                Err(error) => Err(CallError::error(format!("the store's work was lost: {error}"))),
            }
        })
    }
}
