//! A mail client of a few lines: it sends what it is told and reads replies.

use std::io;

use fake_smtp::FakeSmtp;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpStream,
};

/// A connection to the fake.
pub(crate) struct Client(BufStream<TcpStream>);

impl Client {
    /// Connects, and does not read the greeting.
    pub(crate) async fn connect(smtp: &FakeSmtp) -> Self {
        let addr = smtp.url().trim_start_matches("smtp://").to_owned();
        Self(BufStream::new(TcpStream::connect(addr).await.unwrap()))
    }

    /// Connects, is greeted, and says EHLO.
    pub(crate) async fn greeted(smtp: &FakeSmtp) -> Self {
        let mut client = Self::connect(smtp).await;
        assert_eq!(client.code().await.unwrap(), 220);
        assert_eq!(client.say("EHLO test").await, 250);
        client
    }

    /// The code of the next reply; an error when the server has gone.
    pub(crate) async fn code(&mut self) -> io::Result<u16> {
        let reply = self.reply().await?;
        Ok(reply[..3].parse().unwrap())
    }

    /// The last line of the next reply, which may have several.
    pub(crate) async fn reply(&mut self) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes()[3] != b'-' {
                return Ok(line);
            }
        }
    }

    /// Sends lines and reads nothing.
    pub(crate) async fn send(&mut self, lines: &str) {
        self.0.write_all(lines.as_bytes()).await.unwrap();
        self.0.write_all(b"\r\n").await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends a command; the code of its reply.
    pub(crate) async fn say(&mut self, command: &str) -> u16 {
        self.send(command).await;
        self.code().await.unwrap()
    }

    /// Sends a whole mail; the code of the last reply, or an error when there is none.
    pub(crate) async fn mail(&mut self, raw: &str) -> io::Result<u16> {
        assert_eq!(
            self.say("MAIL FROM:<watch@example.com> BODY=8BITMIME")
                .await,
            250
        );
        assert_eq!(self.say("RCPT TO:<bi@example.com>").await, 250);
        assert_eq!(self.say("DATA").await, 354);
        self.send(&format!("{raw}\r\n.")).await;
        self.code().await
    }
}
