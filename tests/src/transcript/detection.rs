use anyhow::{Result, bail};
use serde_json::Value;

/// Which daemon a recording is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The npm package `@endo/daemon` 1.0.3.
    Npm,
    /// The monorepo's branch `master`.
    Master,
    /// The monorepo's branch `llm`.
    Llm,
}

impl Dialect {
    /// Gives the name of the folder with the recordings.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Master => "master",
            Self::Llm => "llm",
        }
    }

    pub(super) fn of_folder(folder: &str) -> Result<Self> {
        Ok(match folder {
            "npm" => Self::Npm,
            "master" => Self::Master,
            "llm" => Self::Llm,
            _ => bail!("{folder} is no folder of recordings"),
        })
    }

    /// Gives the calls by which our core finds out the dialect, which no recorded client makes.
    ///
    /// The answers are those of the real daemons of the recordings' commits.
    pub fn detection(self) -> Vec<Extra> {
        let (endo, host) = match self {
            Self::Npm => return Vec::new(),
            Self::Master => (MASTER_ENDO, MASTER_HOST),
            Self::Llm => (LLM_ENDO, LLM_HOST),
        };
        vec![
            Extra::new("Alleged: Endo", "__getMethodNames__", names(endo)),
            Extra::new("Alleged: EndoHost", "__getMethodNames__", names(host)),
        ]
    }
}

/// A call that the player answers although it is not in the recording.
#[derive(Clone, Debug)]
pub struct Extra {
    pub(super) interface: String,
    pub(super) method: String,
    pub(super) answer: Value,
}

impl Extra {
    /// Allows a method on objects of an interface, whatever the arguments; `answer` is plain data.
    pub fn new(interface: &str, method: &str, answer: Value) -> Self {
        Self { interface: interface.to_owned(), method: method.to_owned(), answer }
    }
}

fn names(names: &str) -> Value {
    names.split_whitespace().collect()
}

const MASTER_ENDO: &str = "__getInterfaceGuard__ __getMethodNames__ addPeerInfo gateway greeter host leastAuthority nodeNumber \
    ping reviveNetworks revivePins terminate";

const MASTER_HOST: &str = "__getInterfaceGuard__ __getMethodNames__ accept addPeerInfo adopt cancel copy deliver dismiss \
    evaluate followLocatorNameChanges followMessages followNameChanges gateway getPeerInfo greeter \
    handle has identify invite list listIdentifiers listMessages locate lookup makeBundle makeDirectory \
    makeUnconfined move provideGuest provideHost provideWorker reject remove request resolve \
    reverseIdentify reverseLocate reverseLookup send storeBlob storeValue write";

const LLM_ENDO: &str = "__getInterfaceGuard__ __getMethodNames__ addPeerInfo followPeerChanges gateway greeter help host \
    leastAuthority listKnownPeers nodeId ping reviveNetworks revivePins sign terminate";

const LLM_HOST: &str = "__getInterfaceGuard__ __getMethodNames__ accept addPeerInfo adopt adoptFromLocator cancel copy \
    deliver dismiss dismissAll endow evaluate followLocatorNameChanges followMessages followNameChanges \
    followPeerChanges form gateway getFormulaGraph getPeerInfo greeter handle has help identify invite \
    list listIdentifiers listKnownPeers listLocators listMessages locate locateForSharing lookup \
    lookupById makeArchive makeChannel makeDirectory makeFromTree makeTimer makeUnconfined \
    makeUnconfinedFromTree maybeLookup maybeReadText move provideGuest provideHost provideMount \
    provideScratchMount provideWorker readText reject remove reply request resolve reverseIdentify \
    reverseLocate reverseLookup send sendValue sign stageTree storeBlob storeIdentifier storeLocator \
    storeTree storeValue submit writeText";
