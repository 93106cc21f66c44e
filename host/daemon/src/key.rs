//! The key pairs of the daemon and its agents.

use ed25519_dalek::SigningKey;

use crate::id::NodeId;

/// A key pair; the public half names a daemon or an agent.
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Draws a key pair that nobody else has.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// Takes the secret half.
    pub(crate) fn from_secret(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Gives the secret half.
    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.0
    }

    /// Gives the public half.
    pub(crate) fn node(&self) -> NodeId {
        NodeId::from_bytes(SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
    }
}
