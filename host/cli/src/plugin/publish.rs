use std::path::PathBuf;

use clap::Args;
use powerbox_core::plugin::Candidate;
use serde_json::json;

use super::candidate;
use crate::exit::{Failure, Status};
use crate::render::print_json;

/// What to publish, and where.
#[derive(Debug, Args)]
pub(crate) struct PublishArguments {
    /// The component file; a signature of minisign beside it, FILE.minisig, goes with it
    file: PathBuf,
    /// Where to: oci://host/repository:tag
    reference: String,
    /// Reach a registry on another machine without encryption
    #[arg(long)]
    insecure_registry: bool,
}

pub(super) async fn publish(arguments: PublishArguments, json: bool) -> Result<(), Failure> {
    let reference = candidate::reference(&arguments.reference)?;
    if reference.digest().is_some() {
        return Err(Failure::usage("what is published gets its digest by itself; name a tag"));
    }
    let component = Candidate::file(&arguments.file).map_err(|error| {
        Failure::new(Status::Failed, format!("cannot read {}: {error}", arguments.file.display()))
    })?;
    let signed = component.signature.is_some();
    let registry = candidate::registry(arguments.insecure_registry)?;
    let pushed = registry.push(&reference, component.bytes.to_vec(), component.signature.as_deref()).await;
    let digest = pushed.map_err(candidate::failed)?;
    if json {
        return print_json(
            &json!({ "reference": reference.to_string(), "manifest": digest, "signed": signed }),
        );
    }
    let how = if signed { "signed" } else { "unsigned" };
    eprintln!("published, {how}: {}", reference.pinned(&digest));
    Ok(())
}
