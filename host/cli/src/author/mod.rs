//! The plugin author's day: a new project, its component, and replacing it while one works.

mod build;
mod dev;
mod new;
mod test;

pub(crate) use build::{BuildArguments, build, project};
pub(crate) use dev::{DevArguments, dev};
pub(crate) use new::{NewArguments, new};
pub(crate) use test::{TestArguments, test};
