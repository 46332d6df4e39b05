//! What can be wrong with the instance as a whole, and with signing in. Owns the lists; what they
//! look like on the wire is told by [`crate::server`] and [`crate::login`].

use serde::{Deserialize, Serialize};

/// The condition of the whole instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every call is answered.
    #[default]
    Healthy,
    /// Every call is answered with HTTP 429.
    Throttled {
        /// The `Retry-After` header in seconds; none without it.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Every call is answered with this HTTP status, such as 500 or 503.
    Failing(u16),
    /// Renders beyond this many within any second are answered with HTTP 429.
    Capacity {
        /// How many renders a second are answered.
        renders_per_second: u32,
        /// The `Retry-After` header in seconds; none without it.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// So many renders are worked on at a time; the others wait for it, in the order in which they came.
    Workers(u32),
    /// Renders that would make it more than so many in flight are answered with HTTP 429.
    InFlight {
        /// How many may be in flight.
        renders: u32,
        /// The `Retry-After` header in seconds; none without it.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Each render takes a token, and those that find none are answered with HTTP 429.
    Bucket {
        /// How many tokens come in a second.
        renders_per_second: u32,
        /// How many there are at most.
        burst: u32,
        /// The `Retry-After` header in seconds; none without it.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Every connection is closed without an answer.
    Down,
    /// Every call is answered with an HTML page to sign in at, HTTP 200.
    LoginPage,
}

/// What comes of signing in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// The right user and password are let in; any others get HTTP 200, `success: false`,
    /// `INVALID_CREDENTIALS`.
    #[default]
    Normal,
    /// As `Normal`, but a successful answer has no `twoFactorInfo`.
    WithoutTwoFactorInfo,
    /// HTTP 200, `success: false`, `INVALID_CREDENTIALS`, also for the right password.
    WrongPassword,
    /// HTTP 200, `success: false`, `ACCOUNT_LOCKED`.
    Locked,
    /// HTTP 200, `success: false` and this reason, which no document names.
    Refused(String),
    /// HTTP 200, no token, `twoFactorInfo.status` is `REQUIRED`.
    TwoFactors,
    /// HTTP 200 and `{}`.
    EmptyObject,
    /// HTTP 200 and an empty body.
    Nothing,
    /// HTTP 200, `success: true`, and a `sessionToken` that is empty.
    EmptyToken,
    /// No instance has this name: every call, with whatever credentials, gets HTTP 403.
    UnknownInstance,
    /// This address is not on the allow list: every call gets HTTP 303 to
    /// `…/whitelist/blocked…`.
    AddressNotAllowed,
    /// A network policy blocks every call with this HTTP status and an HTML page titled
    /// `Domo - Blocked`.
    NetworkBlocked(u16),
}
