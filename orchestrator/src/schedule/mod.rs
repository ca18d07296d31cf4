//! What starts a scheduled run, and what is handed on when its time is over.
//!
//! | file | holds |
//! |---|---|
//! | [`tick`] | the event that starts a run |
//! | [`input`] | the suite that it asks for |
//! | [`discovery`] | targets found by tag |
//! | [`handover`] | what an invocation that runs out of time hands on |

pub mod tick;
pub mod input;
pub mod discovery;
pub mod handover;
