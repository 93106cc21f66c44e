//! HTTP requests to the one origin that the user bound the slot `http` to.
//!
//! Using anything of this module makes a plugin ask for the local power `http`. A plugin that talks to several origins
//! imports `powerbox:plugin/http` under names of its own and uses [`slots!`](crate::slots).

pub use crate::bindings::powerbox::plugin::http::{Header, Request, Response, send};

use crate::Problem;

impl Request {
    /// A `GET` of a path, without headers.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".to_owned(), path: path.into(), headers: Vec::new(), body: None }
    }
}

impl Response {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        found.next().map(|header| header.value.as_str())
    }
}

/// Gets what is at a path, as text.
///
/// # Errors
///
/// As [`send`]; also if the status is not a success or the body is no UTF-8.
pub async fn get_text(path: &str) -> Result<String, Problem> {
    let response = send(Request::get(path)).await?;
    if !(200..300).contains(&response.status) {
        return Err(Problem::Other(format!("{path} answered with status {}", response.status)));
    }
    String::from_utf8(response.body).map_err(|_| Problem::invalid(format!("{path} is no text")))
}
