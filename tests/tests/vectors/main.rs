//! What JavaScript was recorded to do, as tests.

mod captp;
mod marshal;
mod netstring;
