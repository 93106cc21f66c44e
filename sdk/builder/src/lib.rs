//! From a plugin's sources to one component: projects in Rust, JavaScript and Python, the toolchains that build them, and
//! the templates that new ones are made of.
//!
//! What it makes is a component with its documentation and its author's metadata inside; that it is a plugin is for the
//! host to judge. It knows no host, no daemon and no grants.
//!
//! In Rust the same sources make a component with the same digest, in any folder. In JavaScript and Python they do not:
//! their tools run the language's engine while they build and keep its memory in the component, with random seeds and,
//! for Python, what it saw of its files. A Python component is therefore only built again when its sources change.

mod build;
pub use build::{BuildError, BuildOptions, Built, build};

pub mod component;

mod docs;

mod language;
pub use language::Language;

mod pack;

mod project;
pub use project::{About, Project, ProjectError};

mod remedy;

mod template;
pub use template::{New, NewError, new_project};

pub mod tool;
pub mod toolchain;
