//! From a plugin's sources to one component: projects in Rust, JavaScript and Python, the toolchains that build them, and
//! the templates that new ones are made of.
//!
//! What it makes is a component with its documentation and its author's metadata inside; that it is a plugin is for the
//! host to judge. It knows no host, no daemon and no grants. The same sources make a component with the same digest, in
//! whichever folder they stand; of Python this holds for one folder only, since its tool keeps numbers of files in the
//! component that the system gives anew each time.

mod build;
pub use build::{BuildError, BuildOptions, Built, build};

pub mod component;

mod debian;
mod docs;

mod language;
pub use language::Language;

mod pack;

mod project;
pub use project::{About, Project, ProjectError};

mod steady;

mod template;
pub use template::{New, NewError, new_project};

pub mod tool;
pub mod toolchain;
