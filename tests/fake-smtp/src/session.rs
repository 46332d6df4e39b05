//! One SMTP connection: commands in, replies out. Owns the order of commands and where each fault
//! strikes; what becomes of a mail is not its affair.

use std::io;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream, sink},
    net::TcpStream,
};

use crate::{Fault, Mail, Shared, decode};

/// A mail of more than this is not one of the client's that we test.
const MAX_LINE: u64 = 16 << 20;

/// What follows a command.
enum Next {
    Reply(String),
    Data,
    Quit,
    /// The connection is closed without a reply.
    Close,
}

struct Session<'a> {
    stream: BufStream<TcpStream>,
    shared: &'a Shared,
    greeted: bool,
    signed_in: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut session = Session {
        stream: BufStream::new(stream),
        shared,
        greeted: false,
        signed_in: false,
        from: None,
        to: Vec::new(),
    };
    if session.fault() == Fault::Greeting421 {
        return session.reply("421 try again later").await;
    }
    session.reply("220 fake.example ESMTP").await?;
    while let Some(line) = session.line().await? {
        match session.command(&line).await? {
            Next::Reply(reply) => session.reply(&reply).await?,
            Next::Data => {
                let Some(reply) = session.data().await? else {
                    return Ok(());
                };
                session.reply(&reply).await?;
            }
            Next::Quit => return session.reply("221 bye").await,
            Next::Close => return Ok(()),
        }
    }
    Ok(())
}

impl Session<'_> {
    fn fault(&self) -> Fault {
        self.shared.state().fault.clone()
    }

    /// A line without its end; none when the client has gone.
    async fn line(&mut self) -> io::Result<Option<String>> {
        self.acknowledge();
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(MAX_LINE);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Acknowledges what came at once: the client's kernel holds the end of a mail back until then, and ours would
    /// take 40 ms over it. It is asked for again and again, since a kernel forgets it (`TCP_QUICKACK` in tcp(7)).
    fn acknowledge(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.stream.get_ref().set_quickack(true);
    }

    /// Replies, unless the server hangs: then it listens for ever and says nothing.
    async fn reply(&mut self, reply: &str) -> io::Result<()> {
        if self.fault() == Fault::Hang {
            tokio::io::copy(&mut self.stream, &mut sink()).await?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // In one piece: the kernel would hold the second one back until the first is acknowledged.
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.ehlo(),
            "HELO" => {
                self.greeted = true;
                "250 fake.example".to_owned()
            }
            "AUTH" => match self.auth(rest).await? {
                Some(reply) => reply,
                None => return Ok(Next::Close),
            },
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" if self.to.is_empty() => "503 no recipients".to_owned(),
            "DATA" => return Ok(Next::Data),
            "RSET" => {
                self.reset();
                "250 reset".to_owned()
            }
            "NOOP" => "250 ok".to_owned(),
            "QUIT" => return Ok(Next::Quit),
            _ => "502 not implemented".to_owned(),
        };
        Ok(Next::Reply(reply))
    }

    fn ehlo(&mut self) -> String {
        self.greeted = true;
        let auth = if self.shared.state().login.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
        format!("250-fake.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n{auth}250 SIZE 52428800")
    }

    /// The reply to `AUTH`; none when the client has gone.
    async fn auth(&mut self, rest: &str) -> io::Result<Option<String>> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => self.plain(initial).await?,
            "LOGIN" => self.login(initial).await?,
            _ => return Ok(Some("504 unknown mechanism".to_owned())),
        };
        let Some(given) = given else { return Ok(None) };
        self.signed_in = self.shared.state().login.as_ref() == Some(&given);
        let reply = if self.signed_in { "235 signed in" } else { "535 wrong user or password" };
        Ok(Some(reply.to_owned()))
    }

    /// User and password in one piece: who to be, who it is, the password, between NULs.
    async fn plain(&mut self, initial: &str) -> io::Result<Option<(String, String)>> {
        let Some(text) = self.ask(initial, "").await? else {
            return Ok(None);
        };
        let mut fields = text.split('\0').skip(1).map(str::to_owned);
        let user = fields.next().unwrap_or_default();
        Ok(Some((user, fields.next().unwrap_or_default())))
    }

    /// User and password one after the other.
    async fn login(&mut self, initial: &str) -> io::Result<Option<(String, String)>> {
        let Some(user) = self.ask(initial, "VXNlcm5hbWU6").await? else {
            return Ok(None);
        };
        let password = self.ask("", "UGFzc3dvcmQ6").await?;
        Ok(password.map(|password| (user, password)))
    }

    /// What was given already, or is given when asked for.
    async fn ask(&mut self, given: &str, prompt: &str) -> io::Result<Option<String>> {
        let answer = if given.is_empty() {
            self.reply(&format!("334 {prompt}")).await?;
            self.line().await?
        } else {
            Some(given.to_owned())
        };
        Ok(answer.map(|text| String::from_utf8_lossy(&decode::base64(&text)).into_owned()))
    }

    fn mail(&mut self, rest: &str) -> String {
        if !self.greeted {
            return "503 say EHLO first".to_owned();
        }
        if self.shared.state().login.is_some() && !self.signed_in {
            return "530 authentication required".to_owned();
        }
        if self.fault() == Fault::DeferMail {
            return "451 try again later".to_owned();
        }
        let Some(from) = address(rest, "FROM:") else {
            return "501 no sender".to_owned();
        };
        self.reset();
        self.from = Some(from);
        "250 sender ok".to_owned()
    }

    fn rcpt(&mut self, rest: &str) -> String {
        if self.from.is_none() {
            return "503 say MAIL first".to_owned();
        }
        let Some(to) = address(rest, "TO:") else {
            return "501 no recipient".to_owned();
        };
        if self.fault() == Fault::RejectRecipient(to.clone()) {
            return format!("550 no such user: {to}");
        }
        if self.fault() == Fault::DeferRecipient(to.clone()) {
            return format!("452 mailbox full: {to}");
        }
        self.to.push(to);
        "250 recipient ok".to_owned()
    }

    /// Reads the mail; the reply, or none to close the connection.
    async fn data(&mut self) -> io::Result<Option<String>> {
        self.reply("354 go on").await?;
        let mut raw = String::new();
        loop {
            let Some(line) = self.line().await? else {
                return Ok(None);
            };
            if self.fault() == Fault::CloseInData {
                return Ok(None);
            }
            if line == "." {
                break;
            }
            // The client doubles a dot at the start of a line.
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        Ok(self.take(raw))
    }

    fn take(&mut self, raw: String) -> Option<String> {
        let fault = self.fault();
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        if fault == Fault::RejectData {
            return Some("554 message refused".to_owned());
        }
        self.shared.keep(Mail { from, to, raw });
        (fault != Fault::LoseReply).then(|| "250 taken".to_owned())
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// The address after `FROM:` or `TO:`, without its brackets and what comes after them.
fn address(rest: &str, key: &str) -> Option<String> {
    let start = rest.get(..key.len())?;
    if !start.eq_ignore_ascii_case(key) {
        return None;
    }
    let inside = rest[key.len()..].trim_start().strip_prefix('<')?;
    inside.split_once('>').map(|(address, _)| address.to_owned())
}
