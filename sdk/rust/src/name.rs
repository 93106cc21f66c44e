//! Names with the rights that their types say.
//!
//! Each type has the functions that its right covers, so a call that the host would refuse does not compile.

use std::fmt;

use crate::{
    Changes, Content, Json, Name, Parameter, Passable, Problem, Value,
    description::{ArgumentValue, Kind, NameRights},
    smallcaps, value,
};

/// A name that the user designated, with whatever right.
pub trait Designated {
    /// The handle itself.
    fn name(&self) -> &Name;
}

impl Designated for Name {
    fn name(&self) -> &Name {
        self
    }
}

/// Declares a type for names that were designated with one right.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $kind:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Name);

        impl $name {
            /// What the user wrote, for messages. It gives no authority.
            pub fn text(&self) -> String {
                self.0.text()
            }
        }

        impl Designated for $name {
            fn name(&self) -> &Name {
                &self.0
            }
        }

        /// Shows what the user wrote, in quotes.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"{}\"", self.text())
            }
        }

        impl Parameter for $name {
            fn kind() -> Kind {
                $kind
            }

            fn from_value(value: ArgumentValue) -> Option<Self> {
                Name::from_value(value).map(Self)
            }
        }
    )*};
}

names! {
    /// A name whose value may be read.
    Readable: Kind::Name(NameRights::READ);
    /// A name that may be removed. What it holds can not be read.
    Removable: Kind::Name(NameRights::REMOVE);
    /// A name that may be moved elsewhere. What it holds can not be read.
    Movable: Kind::Name(NameRights::MOVE);
    /// A name whose value may be ended. What it holds can not be read.
    Cancellable: Kind::Name(NameRights::CANCEL);
    /// A name to be written. If it holds something, writing fails.
    NewName: Kind::NewName;
    /// A name to be written, even if it holds something: writing fails then, except through what
    /// [`replacing`](Self::replacing) gives. What it holds can not be read.
    Replaceable: Kind::Name(NameRights::WRITE | NameRights::REPLACE);
    /// A directory whose names may be listed and followed.
    Directory: Kind::Directory;
}

impl Readable {
    /// Gives what is stored here. References in it can be shown and compared, but neither called nor stored.
    pub async fn lookup(&self) -> Result<Passable, Problem> {
        self.0.lookup().await
    }

    /// Opens what is stored here: bytes as a blob, anything else as a value.
    pub async fn open(&self) -> Result<Content, Problem> {
        self.0.open().await
    }

    /// Gives a mark of what is stored here, or nothing if there is nothing: names for the same thing give the same mark
    /// during one run.
    pub async fn identify(&self) -> Result<Option<String>, Problem> {
        self.0.identify().await
    }

    /// Lists the names in the directory that is stored here, sorted.
    pub async fn list(&self) -> Result<Vec<String>, Problem> {
        self.0.list().await
    }

    /// Follows the changes of names in the directory that is stored here.
    pub async fn follow(&self) -> Result<Changes, Problem> {
        self.0.follow().await
    }
}

impl Removable {
    /// Removes the name. What it named lives on if it has another name.
    pub async fn remove(&self) -> Result<(), Problem> {
        self.0.remove().await
    }
}

impl Cancellable {
    /// Ends what is stored here; it is made anew when it is next looked up.
    pub async fn cancel(&self, reason: Option<String>) -> Result<(), Problem> {
        self.0.cancel(reason).await
    }
}

/// The functions of names that are written.
macro_rules! written {
    ($($name:ident),*) => {$(
        impl $name {
            /// The kind of thing that the name holds, such as `directory`; nothing if it is free.
            pub async fn holds(&self) -> Result<Option<String>, Problem> {
                self.0.holds().await
            }

            /// Where a copy or move of `source` goes if the user names this as its target: into the directory here, or to
            /// this name.
            pub async fn place_for(&self, source: &impl Designated) -> Result<Self, Problem> {
                self.0.place_for(source.name()).await.map(Self)
            }

            /// Makes an empty directory here.
            pub async fn make_directory(&self) -> Result<(), Problem> {
                self.0.make_directory().await
            }

            /// Stores a value here.
            pub async fn store(&self, value: &Value) -> Result<(), Problem> {
                let (body, slots) = value::encode(value)?;
                self.0.store_value(body, slots.iter().map(|slot| slot.object()).collect()).await
            }

            /// Stores a text here.
            pub async fn store_text(&self, text: &str) -> Result<(), Problem> {
                self.0.store_value(smallcaps::from_text(text), Vec::new()).await
            }

            /// Stores here what JSON stands for.
            pub async fn store_json(&self, json: &Json) -> Result<(), Problem> {
                self.0.store_value(smallcaps::from_json(&json.0)?, Vec::new()).await
            }

            /// Stores the bytes of a file here.
            pub async fn store_file(&self, file: &crate::File) -> Result<(), Problem> {
                self.0.store_blob(file.blob()).await
            }

            /// Makes this name hold what `source` holds, too.
            pub async fn copy_from(&self, source: &Readable) -> Result<(), Problem> {
                self.0.copy_from(&source.0).await
            }

            /// Makes this name hold what `source` holds, and removes `source`.
            pub async fn move_from(&self, source: &Movable) -> Result<(), Problem> {
                self.0.move_from(&source.0).await
            }
        }
    )*};
}

written!(NewName, Replaceable);

impl Replaceable {
    /// The same place, where writing makes the name forget what it holds: what the user asks for with `--force`.
    pub fn replacing(&self) -> Result<Self, Problem> {
        self.0.replacing().map(Self)
    }
}

impl Directory {
    /// Lists the names in the directory, sorted.
    pub async fn list(&self) -> Result<Vec<String>, Problem> {
        self.0.list().await
    }

    /// Follows the changes of the directory, starting with one addition for each name that is there already.
    pub async fn follow(&self) -> Result<Changes, Problem> {
        self.0.follow().await
    }
}
