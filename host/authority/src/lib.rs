//! Who may do what: grants and their caveats, the membrane between objects, and the record of what crossed it.
//!
//! A [`Grant`](grant::Grant) is a live right to one object. Its [`Caveat`](caveat::Caveat)s restrict it, a child grant
//! can only add to them, and revoking it ends it with everything that came of it. The [`ledger`] keeps grants on disk,
//! for all processes of one user. [`forward`] makes objects that pass on what a grant allows; [`audit`] keeps the record.
//!
//! This crate knows objects and messages. It refuses to know plugins, WebAssembly, commands, daemons or terminals, so
//! that the command host and the embedded daemon decide by the same code.

pub mod audit;
pub mod caveat;
pub mod clock;
pub mod forward;
pub mod grant;
pub mod identifiers;
pub mod ledger;
pub mod question;
pub mod shares;
pub mod text;
