//! `attenuate`: a reference with less authority than what it stands for, to be given to others.

use clap::Args;
use powerbox_core::Host;
use powerbox_core::grants::IfTaken;

use crate::exit::Failure;
use crate::grant::{self, CaveatFlags};

/// What shall be attenuated, and how.
#[derive(Debug, Args)]
pub(crate) struct AttenuateArguments {
    /// The name of the object, in your own names
    name: String,
    /// The name for the new reference
    #[arg(long = "as", value_name = "NEWNAME")]
    new_name: String,
    /// Replace what the new name holds already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    caveats: CaveatFlags,
}

/// Makes the reference.
pub(crate) async fn run(
    host: &Host,
    arguments: AttenuateArguments,
    agent: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    if agent.is_some() {
        return Err(Failure::usage("references are made of your own names and under your own names")
            .hinted("leave out the `--as AGENT` before `attenuate`"));
    }
    let caveats = grant::read(host, &arguments.caveats)?;
    let if_taken = if arguments.force { IfTaken::Replace } else { IfTaken::Refuse };
    let record = host.attenuate(&arguments.name, &arguments.new_name, caveats, if_taken).await?;
    grant::given("made", &record, json)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::{Arguments, Verb};

    #[test]
    fn the_new_name_is_not_taken_for_an_agent() {
        for (words, agent) in [
            ("powerbox attenuate notes --as part --methods list", None),
            ("powerbox --as scout attenuate notes --as part", Some("scout")),
        ] {
            let arguments = Arguments::try_parse_from(words.split(' ')).unwrap();
            assert_eq!(arguments.agent.as_deref(), agent, "{words}");
            let Some(Verb::Attenuate(attenuate)) = arguments.verb else { panic!("{words}") };
            assert_eq!((attenuate.name.as_str(), attenuate.new_name.as_str()), ("notes", "part"), "{words}");
        }
        // An agent that is named before does not become the new name.
        let words = ["powerbox", "--as", "scout", "attenuate", "notes"];
        assert!(Arguments::try_parse_from(words).unwrap_err().to_string().contains("--as <NEWNAME>"));
    }

    #[test]
    fn the_words_of_all_verbs_fit_together() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
