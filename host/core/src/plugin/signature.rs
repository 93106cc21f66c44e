use std::collections::BTreeMap;

use minisign_verify::{Error, PublicKey, Signature};

/// What a plugin's signature has to be, and whose.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    demand: Demand,
    keys: BTreeMap<String, PublicKey>,
}

/// Whether a plugin must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// By one of the keys, else it is refused.
    Required,
    /// It need not be; but a signature that one of the keys should have made and did not is refused.
    #[default]
    WhenPresent,
    /// Nobody looks at signatures.
    Off,
}

/// A component is not signed as the policy asks.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// There is none.
    #[error("it has no signature, and `signatures = \"required\"` in config.toml asks for one")]
    Missing,
    /// The key is nobody's that the user trusts.
    #[error("it is signed with a key that is not among the `keys` in config.toml")]
    UnknownKey,
    /// The content is not what was signed.
    #[error("its signature is wrong: the component, or the signature, is not what the key `{0}` signed")]
    Wrong(String),
    /// What should be a signature is none.
    #[error("its signature cannot be read as one of minisign")]
    Malformed,
}

impl Signatures {
    /// A policy with no keys yet.
    pub fn new(demand: Demand) -> Self {
        Self { demand, keys: BTreeMap::new() }
    }

    /// Trusts a key: the line of a minisign public key that begins with `RW`.
    ///
    /// # Errors
    ///
    /// If it is no such line.
    pub fn trust(&mut self, name: &str, key: &str) -> Result<(), String> {
        let key = PublicKey::from_base64(key.trim())
            .map_err(|_| format!("the key `{name}` is no public key of minisign, which begins with RW"))?;
        self.keys.insert(name.to_owned(), key);
        Ok(())
    }

    /// Judges a component by its signature, the text of a `.minisig` file. Gives the name of the key that made it; none
    /// if nothing was asked for and nothing was found. A signature by an unknown key counts for as little as none, which
    /// whoever made it could have left out.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub fn check(&self, component: &[u8], signature: Option<&str>) -> Result<Option<String>, SignatureError> {
        let required = self.demand == Demand::Required;
        let text = match signature {
            _ if self.demand == Demand::Off => return Ok(None),
            Some(text) => text,
            None if required => return Err(SignatureError::Missing),
            None => return Ok(None),
        };
        let signature = Signature::decode(text).map_err(|_| SignatureError::Malformed)?;
        for (name, key) in &self.keys {
            match key.verify(component, &signature, false) {
                Ok(()) => return Ok(Some(name.clone())),
                Err(Error::UnexpectedKeyId) => {}
                Err(_) => return Err(SignatureError::Wrong(name.clone())),
            }
        }
        if required { Err(SignatureError::UnknownKey) } else { Ok(None) }
    }
}
