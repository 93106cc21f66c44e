use crate::{
    Blob, Parameter, Problem,
    description::{ArgumentValue, Kind},
};

/// A file that the user named, or standard input. It is read once, from start to end.
#[derive(Debug)]
pub struct File(Blob);

impl File {
    /// Gives the next bytes, or nothing at the end.
    pub async fn read(&self) -> Result<Option<Vec<u8>>, Problem> {
        self.0.read().await
    }

    /// Reads to the end; see [`Blob::read_to_end`].
    pub async fn read_to_end(&self, limit: usize) -> Result<Vec<u8>, Problem> {
        self.0.read_to_end(limit).await
    }

    /// Reads text to the end; see [`Blob::read_text`].
    pub async fn read_text(&self, limit: usize) -> Result<String, Problem> {
        self.0.read_text(limit).await
    }

    /// Gives the bytes themselves, to be stored.
    pub fn blob(&self) -> &Blob {
        &self.0
    }
}

impl Parameter for File {
    fn kind() -> Kind {
        Kind::File
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Blob(blob) => Some(Self(blob)),
            _ => None,
        }
    }
}

impl Blob {
    /// Reads what is left. A problem if it is more than `limit` bytes: a plugin has little memory, and running out
    /// of it would end the command without a word.
    pub async fn read_to_end(&self, limit: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(mut more) = self.read().await? {
            if bytes.len() + more.len() > limit {
                return Err(Problem::limit(format!("{limit} bytes are read at most")));
            }
            bytes.append(&mut more);
        }
        Ok(bytes)
    }

    /// Reads what is left, which must be UTF-8 text of at most `limit` bytes.
    pub async fn read_text(&self, limit: usize) -> Result<String, Problem> {
        String::from_utf8(self.read_to_end(limit).await?)
            .map_err(|_| Problem::invalid("the content is not UTF-8 text"))
    }
}
