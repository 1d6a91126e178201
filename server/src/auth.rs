//! Who may come in, as whom, until when; where a request may come from; what is noted of it.
//!
//! [`Doors`] tries the ways in; what they let in is a [`Principal`]. Keys, logins and share links are [`grants`]: they
//! can be taken back, and what was opened with them closes. `http::guard` asks in front of every route.

mod attempts;
pub mod audit;
mod deadlines;
mod doors;
mod fetch;
pub mod grants;
mod jwt;
mod oidc;
mod origin;
pub mod passwords;
mod peer;
mod principal;
mod proxy;
mod run_as;
mod shares;
mod token;
pub mod users;

pub use deadlines::Deadlines;
pub use doors::{Arrival, Credential, Doors, DoorsOptions, LoginError, Wrong};
pub use fetch::trustworthy_url;
pub use jwt::{Expected, JwtOptions, KeySource, PersonRule, TokenError};
pub use oidc::{Callback, Oidc, OidcError, OidcOptions};
pub use origin::{OriginError, check_host, check_origin};
pub use peer::{Peer, Process, Standing};
pub use principal::{Principal, Subject};
pub use proxy::{ProxyRule, TrustedPeer, is_user_name};
pub use run_as::{RunAsError, RunAsRule, Walls};
pub use token::Token;
