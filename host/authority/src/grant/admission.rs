use super::{Ending, Grant, GrantId};
use crate::caveat::{Caveat, Crossing};
use crate::ledger::{Charge, Charged, LedgerError, Toll};

/// Whether a call may be made.
#[derive(Debug)]
pub enum Admission {
    /// It may.
    Granted,
    /// The person has to be asked first; if he agrees, ask again with the digest as agreed.
    Ask {
        /// Which grant wants it.
        grant: Option<GrantId>,
        /// What he agrees to: the exact call.
        digest: String,
    },
}

/// Why a call may not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The grant, or one that it came from, has ended.
    #[error("the grant {} {}", Number(*.grant), match .ending {
        Ending::Revoked => "was revoked",
        Ending::Expired => "has expired",
        Ending::Removed => "went with its holder",
    })]
    Ended {
        /// Which.
        grant: Option<GrantId>,
        /// How.
        ending: Ending,
    },
    /// A caveat refuses it.
    #[error("{rule}")]
    Denied {
        /// Which grant's.
        grant: Option<GrantId>,
        /// The rule, in words.
        rule: String,
    },
    /// The ledger cannot be read or written, so nothing can be told.
    #[error("the ledger of grants cannot be used: {0}")]
    Ledger(String),
}

struct Number(Option<GrantId>);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(id) => write!(f, "{id}"),
            None => f.write_str("of this command"),
        }
    }
}

impl Grant {
    /// Decides on a call by every link of the chain, and counts it where it counts.
    ///
    /// `agreed` is the digest of a call that the person has agreed to just now.
    ///
    /// # Errors
    ///
    /// The first rule that refuses the call. A call that is refused counts nowhere.
    pub fn admit(&self, call: &dyn Crossing, agreed: Option<&str>) -> Result<Admission, Refusal> {
        self.check()?;
        let mut ask = None;
        let mut expires = false;
        let mut charge = Charge { calls: 1, ..Charge::default() };
        for link in self.chain() {
            for (place, caveat) in link.caveats().iter().enumerate() {
                let denied = |rule| Refusal::Denied { grant: link.id, rule };
                caveat.check(call).map_err(denied)?;
                let asks = matches!(caveat, Caveat::Confirm);
                match link.id {
                    Some(grant) if asks => ask = Some(grant),
                    // That its time is not over is checked already.
                    Some(_) if matches!(caveat, Caveat::Expires(_)) => expires = true,
                    Some(grant) if caveat.is_metered() => {
                        charge.tolls.push(Toll { grant, place, caveat: caveat.clone() });
                    }
                    // Only the ledger makes grants with caveats.
                    None if asks || caveat.is_metered() => {
                        return Err(denied("it cannot be counted".to_owned()));
                    }
                    _ => {}
                }
            }
        }
        let digest = if ask.is_some() { call.digest() } else { String::new() };
        charge.approval =
            ask.filter(|_| agreed != Some(digest.as_str())).map(|grant| (grant, digest.as_str()));
        if let Some(ledger) = &self.ledger
            && !(charge.tolls.is_empty() && charge.approval.is_none())
        {
            charge.bytes = call.bytes();
            if ledger.charge(&charge)? == Charged::Unapproved {
                return Ok(Admission::Ask { grant: ask, digest });
            }
        }
        let now = self.ledger.as_ref().map_or(0, |ledger| ledger.clock().now());
        if expires && let Some(ledger) = &self.ledger {
            ledger.note_time_passes(now).map_err(|error| Refusal::Ledger(error.to_string()))?;
        }
        self.chain().for_each(|link| link.touch(now));
        Ok(Admission::Granted)
    }

    /// Counts the bytes of an answer, or of whatever else passes without being a call through the grant.
    ///
    /// # Errors
    ///
    /// If they are more than a budget of the chain has left, or the grant has ended meanwhile; they are then not to be
    /// passed on.
    pub fn admit_answer(&self, bytes: impl FnOnce() -> u64) -> Result<(), Refusal> {
        self.check()?;
        let mut charge = Charge::default();
        for link in self.chain() {
            for (place, caveat) in link.caveats().iter().enumerate() {
                if let (Caveat::Bytes(_), Some(grant)) = (caveat, link.id) {
                    charge.tolls.push(Toll { grant, place, caveat: caveat.clone() });
                }
            }
        }
        match &self.ledger {
            Some(ledger) if !charge.tolls.is_empty() => {
                charge.bytes = bytes();
                ledger.charge(&charge).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Whether it lives, by what this and other processes did to it and by the clock.
    ///
    /// # Errors
    ///
    /// How it ended, or that nothing can be told.
    pub fn check(&self) -> Result<(), Refusal> {
        let told = |error: LedgerError| Refusal::Ledger(error.to_string());
        if let Some(ledger) = &self.ledger {
            ledger.keep_up().map_err(told)?;
        }
        for link in self.chain() {
            link.alive()?;
            let (Some(ledger), Some(grant)) = (&self.ledger, link.id) else { continue };
            for caveat in link.caveats().iter() {
                if let Caveat::Expires(expiry) = caveat
                    && expiry.is_over(ledger.clock().now())
                {
                    ledger.expire(grant).map_err(told)?;
                    return Err(Refusal::Ended { grant: Some(grant), ending: Ending::Expired });
                }
            }
        }
        Ok(())
    }

    /// Whether a function may be called if the rest of the call is as it should be.
    pub fn allows_function(&self, function: &str) -> bool {
        self.chain().all(|link| link.caveats().iter().all(|caveat| caveat.allows_function(function)))
    }

    /// Whether it lives, with what is known in this process at this moment.
    ///
    /// # Errors
    ///
    /// How it ended.
    pub fn alive(&self) -> Result<(), Refusal> {
        match self.ending() {
            None => Ok(()),
            Some(ending) => Err(Refusal::Ended { grant: self.id(), ending }),
        }
    }
}
