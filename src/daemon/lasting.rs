//! Trouble that lasts. Owns telling news from what was said before, so that a task that tries again every few
//! seconds says once that it cannot, and once that it can again.

/// What a task last complained of.
#[derive(Debug, Default)]
pub(super) struct Lasting(Option<String>);

impl Lasting {
    /// Whether this trouble is another than the one that lasts.
    pub(super) fn is_news(&mut self, trouble: String) -> bool {
        let news = self.0.as_ref() != Some(&trouble);
        self.0 = Some(trouble);
        news
    }

    /// Whether some trouble lasted, and now no longer does.
    pub(super) fn is_over(&mut self) -> bool {
        self.0.take().is_some()
    }
}
