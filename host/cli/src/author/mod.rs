//! The plugin author's day: a new project, its component, and replacing it while one works.

mod build;
mod new;

pub(crate) use build::{BuildArguments, build, project};
pub(crate) use new::{NewArguments, new};
