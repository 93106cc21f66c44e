//! From what a person names to a component: a file, a project's folder, or an artifact in a registry.

use std::path::Path;

use powerbox_core::plugin::Candidate;
use powerbox_core::text::{clean_line, word};
use powerbox_web::oci::{Credentials, OciError, Reference, Registry, Resolved};

use crate::author;
use crate::exit::{Failure, Status};

/// Finds a component. Nothing of it is run.
pub(super) async fn find(named: &str, insecure: bool) -> Result<Candidate, Failure> {
    if Reference::is_meant_by(named) {
        let reference = reference(named)?;
        let registry = registry(insecure)?;
        let resolved = registry.resolve(&reference).await.map_err(failed)?;
        return fetch(&registry, &reference, resolved).await;
    }
    let path = Path::new(named);
    if !path.is_dir() {
        return Candidate::file(path).map_err(|error| unread(named, &error));
    }
    let output = author::project(path)?.output();
    Candidate::folder(path, &output).map_err(|error| {
        unread(&output.display().to_string(), &error)
            .hinted(format!("`powerbox plugin build {}` builds it", word(named)))
    })
}

/// Fetches what a reference was found to stand for.
pub(super) async fn fetch(
    registry: &Registry,
    reference: &Reference,
    resolved: Resolved,
) -> Result<Candidate, Failure> {
    let artifact = registry.fetch(reference, resolved).await.map_err(failed)?;
    Ok(Candidate::artifact(reference.to_string(), artifact.manifest, artifact.bytes, artifact.signature))
}

pub(super) fn reference(named: &str) -> Result<Reference, Failure> {
    named.parse::<Reference>().map_err(|error| Failure::usage(error.to_string()))
}

/// The way to a registry, for whom the user logged in as there.
pub(super) fn registry(insecure: bool) -> Result<Registry, Failure> {
    let credentials = match Credentials::path() {
        Some(path) => Credentials::read(&path).map_err(|error| {
            Failure::new(Status::Failed, format!("{} cannot be read: {error}", path.display()))
        })?,
        None => Credentials::default(),
    };
    Registry::new(credentials, insecure).map_err(|error| failed(error.into()))
}

pub(super) fn failed(error: OciError) -> Failure {
    let status = if matches!(error, OciError::Denied(_) | OciError::Realm { .. }) {
        Status::Denied
    } else {
        Status::Failed
    };
    Failure::new(status, error.to_string())
}

fn unread(named: &str, error: &std::io::Error) -> Failure {
    Failure::new(Status::Failed, format!("cannot read {}: {error}", clean_line(named)))
}
