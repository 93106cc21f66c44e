//! Makes components of plugins' sources, in Rust, JavaScript and Python.
//!
//! A project is a folder whose language's own manifest says which component it becomes ([`Project::find`]). [`build`]
//! compiles it and gives the component what its toolchain leaves out: the documentation of its interfaces, and its
//! name, version, description, authors and licence. The same sources make a component with the same digest, in
//! whichever folder they stand; of Python this holds for one folder only, since its tool keeps numbers of files in the
//! component that the system gives anew each time. [`new_project`] writes a project that builds.
//!
//! Projects outside the repository are built with what this crate carries: the SDKs and the contract are laid out in
//! the project's `.powerbox`, which belongs to nobody's sources and is made anew whenever it is missing. It is inside
//! the project, not in the user's data folder, since compilers give other digests to what stands elsewhere; and so
//! that a project is whole wherever it is copied to.
//!
//! This crate knows toolchains and projects. It refuses to know the host: nothing here runs a plugin.

mod build;
mod carried;
mod component;
mod docs;
mod language;
mod project;
mod steady;
mod template;
mod tool;
pub mod toolchain;

pub use build::{BuildError, BuildOptions, Built, Profile, build};
pub use component::{finish, write};
pub use language::rust::projects_of;
pub use project::{About, Language, Project, ProjectError, Wasi};
pub use template::{NewError, new_project};
