//! Mail. Owns how a report reads as a letter ([`message`]) and how a letter reaches an SMTP server
//! ([`mailer`]). It does not own what is told, to whom or when (that is `domain` and `daemon`), nor the
//! outbox (that is `store`).
//!
//! A new fact in a letter goes into `outline`, from which both parts are written; a new thing that a
//! server may do wrong is a variant of [`error::MailerError`] with its remedy.

mod digest;
pub mod error;
mod foot;
mod html;
mod incident;
mod list;
pub mod mailer;
pub mod message;
mod mime;
mod outline;
mod phrases;
mod recovered;
mod session;
mod text;
mod words;
