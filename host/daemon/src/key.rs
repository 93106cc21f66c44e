//! The key pairs of the daemon and its agents.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::id::{FormulaNumber, NodeId};

/// What a client asks a daemon to sign: 256 random bits that were never asked before.
pub(crate) type Challenge = FormulaNumber;

/// What is signed for a challenge. Nothing else that a daemon signs begins so.
pub(crate) fn signed_text(challenge: &Challenge) -> Vec<u8> {
    format!("powerbox daemon, proof of key, 1: {challenge}").into_bytes()
}

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

    /// Proves that this key is held, for a challenge: 128 hex digits.
    pub(crate) fn prove(&self, challenge: &Challenge) -> String {
        let proof = SigningKey::from_bytes(&self.0).sign(&signed_text(challenge));
        let half = |bytes: &[u8; 32]| NodeId::from_bytes(*bytes);
        format!("{}{}", half(proof.r_bytes()), half(proof.s_bytes()))
    }
}
