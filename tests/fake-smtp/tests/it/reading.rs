//! A mail read as the person who gets it would.

use fake_smtp::Mail;

/// A mail with text and HTML, and a file beside them, in every encoding.
const WHOLE: &str = "\
From: cardwatch <cardwatch@example.com>
Subject: =?utf-8?b?W2NhcmR3YXRjaF0gYWNtZTogR3LD?=
 =?utf-8?b?tsOfZQ==?= (3 broken
\tnow)
Content-Type: multipart/mixed;
 boundary=\"outer\"

This is for old clients.
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=B6=C3=9Fe =3D 100=20=
%
second line
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+R3LDtsOf
ZTwvcD4=
--inner--

--outer
Content-Type: text/csv
Content-Disposition: attachment; filename=\"broken.csv\"
Content-Transfer-Encoding: base64

aWQsdGl0bGUK
--outer
Content-Type: application/octet-stream
Content-Disposition: attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.bin

x
--outer--
";

fn mail(raw: &str) -> Mail {
    Mail {
        from: String::new(),
        to: Vec::new(),
        raw: raw.replace('\n', "\r\n"),
    }
}

#[test]
fn a_header_is_unfolded_and_decoded() {
    let subject = mail(WHOLE).header("SUBJECT").unwrap();
    assert_eq!(subject, "[cardwatch] acme: Größe (3 broken now)");
}

#[test]
fn a_header_may_have_words_in_q_and_text_around_them() {
    let mail = mail("Subject: a =?UTF-8?Q?Gr=C3=B6=C3=9Fe_=3F?= b =?x\n\n");
    assert_eq!(mail.header("Subject").unwrap(), "a Größe ? b =?x");
}

#[test]
fn a_header_that_is_not_there_is_none() {
    assert_eq!(mail(WHOLE).header("Reply-To"), None);
    assert_eq!(mail("A: b\n\nSubject: no\n").header("Subject"), None);
}

#[test]
fn the_text_is_decoded() {
    let text = mail(WHOLE).text().unwrap();
    assert_eq!(text, "Größe = 100 %\r\nsecond line");
}

#[test]
fn the_html_is_decoded() {
    assert_eq!(mail(WHOLE).html().unwrap(), "<p>Größe</p>");
}

#[test]
fn the_attachments_have_names_types_and_contents() {
    let attachments = mail(WHOLE).attachments();
    assert_eq!(attachments.len(), 2);
    assert_eq!(attachments[0].name, "broken.csv");
    assert_eq!(attachments[0].content_type, "text/csv");
    assert_eq!(attachments[0].text(), "id,title\n");
    assert_eq!(attachments[1].name, "größe.bin");
}

#[test]
fn a_mail_without_parts_is_its_text() {
    let mail = mail("Subject: x\n\nhello\n");
    assert_eq!(mail.text().unwrap(), "hello\r\n");
    assert_eq!(mail.html(), None);
    assert!(mail.attachments().is_empty());
}
