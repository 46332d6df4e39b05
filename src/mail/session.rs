//! One conversation with the SMTP server (RFC 5321). Owns its steps, how long each may take, and what a
//! failed one means to the operator; what becomes of the letter is the mailer's to say.

use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use rustls::InvalidMessage;

use super::error::{MailerError, Reply, Step};
use crate::clock::{SharedClock, within};
use crate::config::secret::Secret;
use crate::config::valid::{Login, SmtpServer, SmtpTls};
use crate::domain::foreign::{causes, one_line, without_number};

/// How long the server may take to answer one command.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);

/// How long it may take to say goodbye: by then everything is decided.
const GOODBYE_LIMIT: Duration = Duration::from_secs(5);

/// The longest answer of a server that is passed on, in characters.
const REPLY_LIMIT: usize = 500;

/// What became of the recipients of one transaction.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The server took the message for them.
    pub served: Vec<Address>,
    /// It refused them for good: which server, whom, and its words.
    pub refused: Vec<String>,
    /// It refused them for now: the same.
    pub deferred: Vec<String>,
}

/// A server as it is to be spoken to.
pub(super) struct Server {
    pub address: SmtpServer,
    pub login: Option<Login>,
    /// Absent where nothing is trusted and TLS is not insisted on.
    pub tls: Option<TlsParameters>,
    pub clock: SharedClock,
}

impl Server {
    /// 'mail.example.com:25', for people.
    fn name(&self) -> String {
        format!("{}:{}", self.address.host, self.address.port)
    }

    /// Connects, protects the connection as configured, and signs in.
    pub(super) async fn open(&self) -> Result<Session<'_>, MailerError> {
        let hello = ClientId::default();
        let wrapped = match self.address.tls {
            SmtpTls::Wrapped => Some(self.trust()?),
            SmtpTls::Offered | SmtpTls::Required => None,
        };
        // An IPv6 address is bracketed in a URL, and bare in a socket address.
        let host = self.address.host.trim_matches(['[', ']']);
        let target = (host, self.address.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(target, Some(COMMAND_LIMIT), &hello, wrapped, None);
        let connection = self.step(Step::Greeting, connecting).await?;
        let mut session = Session { server: self, connection };
        session.protect(&hello).await?;
        session.sign_in().await?;
        Ok(session)
    }

    fn trust(&self) -> Result<TlsParameters, MailerError> {
        let untrusting = || MailerError::NothingTrusted("no certificate of any authority is known here".to_owned());
        self.tls.clone().ok_or_else(untrusting)
    }

    /// Waits for one step, but not for ever.
    async fn step<T>(&self, step: Step, doing: impl Future<Output = Result<T, SmtpError>>) -> Result<T, MailerError> {
        match within(&*self.clock, COMMAND_LIMIT, doing).await {
            Some(done) => done.map_err(|error| self.explain(step, &error)),
            None => Err(MailerError::Silent { server: self.name(), step, limit: COMMAND_LIMIT }),
        }
    }

    fn explain(&self, step: Step, error: &SmtpError) -> MailerError {
        let server = self.name();
        let why = one_line(&self.concealed(words(error)), REPLY_LIMIT);
        if let Some(reply) = self.reply(error) {
            return match error.status().map(u16::from) {
                Some(530) => MailerError::LoginWanted { server, reply: reply.text },
                Some(534 | 535 | 538) => MailerError::LoginRejected { server, reply: reply.text },
                _ if step == Step::Login => MailerError::LoginRejected { server, reply: reply.text },
                _ => MailerError::Refused { server, step, reply },
            };
        }
        match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                return MailerError::NoTls { server, why: "it does not speak TLS".to_owned() };
            }
            Some(rustls::Error::InvalidCertificate(_)) => return MailerError::Untrusted { server, why },
            Some(_) => return MailerError::NoTls { server, why },
            None => {}
        }
        let heard = error.is_response() || step != Step::Greeting;
        if heard { MailerError::BrokeOff { server, step, why } } else { MailerError::Unreachable { server, why } }
    }

    /// The server's no, where the error is one.
    fn reply(&self, error: &SmtpError) -> Option<Reply> {
        let code = error.status()?;
        let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        let said = self.concealed(format!("{code} {said}"));
        Some(Reply { text: one_line(&said, REPLY_LIMIT), permanent: error.is_permanent() })
    }

    /// The words of a server without the login that it was sent, which it may repeat: as PLAIN (RFC 4616) and as LOGIN.
    fn concealed(&self, mut words: String) -> String {
        if let Some(Login { username, password }) = &self.login {
            password.conceal(&mut words);
            Secret::new(format!("\0{username}\0{}", password.expose())).conceal(&mut words);
        }
        words
    }
}

/// An open connection, signed in where a login is configured.
pub(super) struct Session<'a> {
    server: &'a Server,
    connection: AsyncSmtpConnection,
}

impl Session<'_> {
    async fn protect(&mut self, hello: &ClientId) -> Result<(), MailerError> {
        let offered = self.connection.can_starttls();
        match self.server.address.tls {
            SmtpTls::Wrapped => return Ok(()),
            SmtpTls::Required if !offered => return Err(MailerError::TlsNotOffered(self.server.name())),
            SmtpTls::Offered if !offered => return Ok(()),
            SmtpTls::Required | SmtpTls::Offered => {}
        }
        let upgrade = self.connection.starttls(self.server.trust()?, hello);
        self.server.step(Step::StartTls, upgrade).await
    }

    async fn sign_in(&mut self) -> Result<(), MailerError> {
        let Some(login) = &self.server.login else { return Ok(()) };
        if !self.connection.is_encrypted() && !self.server.address.is_local() {
            return Err(MailerError::LoginInClear(self.server.name()));
        }
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(MailerError::NoLogin(self.server.name()));
        }
        let credentials = Credentials::new(login.username.clone(), login.password.expose().to_owned());
        let signing_in = self.connection.auth(&mechanisms, &credentials);
        self.server.step(Step::Login, signing_in).await.map(|_| ())
    }

    /// Asks whether the server is still there.
    pub(super) async fn ping(&mut self) -> Result<(), MailerError> {
        self.server.step(Step::Noop, self.connection.command(Noop)).await.map(|_| ())
    }

    /// Hands over one message for as many of the recipients as the server takes it for.
    pub(super) async fn hand_over(
        &mut self,
        sender: &Address,
        recipients: &[Address],
        message: &[u8],
    ) -> Result<Taken, MailerError> {
        let options = self.mail_options(sender, recipients, message)?;
        let mail = self.connection.command(Mail::new(Some(sender.clone()), options));
        self.server.step(Step::Sender, mail).await?;
        let mut taken = Taken::default();
        for recipient in recipients {
            self.offer(recipient, &mut taken).await?;
        }
        if taken.served.is_empty() {
            return Ok(taken);
        }
        self.server.step(Step::Data, self.connection.command(Data)).await?;
        // A server may scan the message before it answers: only the whole of the send bounds this step.
        let handing_over = self.connection.message(message).await;
        handing_over.map_err(|error| self.server.explain(Step::Message, &error))?;
        Ok(taken)
    }

    /// Offers the message for one recipient, and notes what the server says to that.
    async fn offer(&mut self, recipient: &Address, taken: &mut Taken) -> Result<(), MailerError> {
        let offering = self.connection.command(Rcpt::new(recipient.clone(), Vec::new()));
        match self.server.step(Step::Recipient, offering).await {
            Ok(_) => taken.served.push(recipient.clone()),
            Err(MailerError::Refused { server, reply, .. }) => {
                let refusal = format!("{server} refused the recipient {recipient}: {}", reply.text);
                if reply.permanent { taken.refused.push(refusal) } else { taken.deferred.push(refusal) }
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    fn mail_options(
        &self,
        sender: &Address,
        recipients: &[Address],
        message: &[u8],
    ) -> Result<Vec<MailParameter>, MailerError> {
        let info = self.connection.server_info();
        let addresses = recipients.iter().chain([sender]);
        let beyond_ascii = addresses.map(Address::as_ref).any(|address: &str| !address.is_ascii());
        let mut options = Vec::new();
        if beyond_ascii || !message.is_ascii() {
            if !info.supports_feature(Extension::SmtpUtfEight) {
                return Err(MailerError::AsciiOnly(self.server.name()));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() && info.supports_feature(Extension::EightBitMime) {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(options)
    }

    /// Says goodbye. What the server says to that changes nothing.
    pub(super) async fn close(mut self) {
        let _ = within(&*self.server.clock, GOODBYE_LIMIT, self.connection.abort()).await;
    }
}

/// What went wrong at the bottom.
pub(super) fn words(error: &SmtpError) -> String {
    causes(error).last().map(|deepest| without_number(&deepest.to_string())).unwrap_or_default()
}
