//! Why a bucket cannot be used, as data. No variant holds a key, and of the server's words one
//! code.

use crate::BrokerError;
use crate::net::reach::Unreached;

/// The reason alone.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum S3Why {
    #[error("its address is no URL of a bucket, as in https://s3.example.com/bucket/studio")]
    Address,
    #[error("its address is `http://` and not this machine's: nothing goes there in clear")]
    Plain,
    #[error("bucket and prefix are made of letters, digits and `-._~`, with `/` between")]
    Name,
    #[error("a region is made of small letters, digits and `-`")]
    Region,
    #[error("a key for it is not one line of letters, digits and signs")]
    KeyForm,
    #[error("it refused the keys, or they have no right to do this{}", told(code.as_deref()))]
    Refused { code: Option<String> },
    #[error("it says that the clock of this machine is wrong")]
    Skewed,
    #[error("it has no such bucket")]
    NoBucket,
    #[error("it has listed `{0}` and does not give it")]
    Gone(String),
    #[error("it writes over what is there, though it was told not to: it cannot be an anchor")]
    Overwrites,
    #[error("it sends us to another address, which is not followed: another region, perhaps")]
    Redirected,
    #[error("it answered with status {status}{}", told(code.as_deref()))]
    Status { status: u16, code: Option<String> },
    #[error("its answer is not XML")]
    NotXml,
    #[error("its answer is not a list of objects")]
    NotListed,
    #[error("its list has no end")]
    Endless,
    #[error("it did not answer within {waited_ms} ms")]
    TimedOut { waited_ms: u64 },
    #[error("`{host}` is at {address}, where no server can be")]
    Forbidden { host: String, address: String },
    /// What is wrong with the `ca_file`.
    #[error("{0}")]
    Authority(String),
    #[error("{0}")]
    Network(BrokerError),
}

/// The server's code, behind the words for it.
fn told(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

impl From<Unreached> for S3Why {
    fn from(why: Unreached) -> Self {
        match why {
            Unreached::Plain => Self::Plain,
            Unreached::Forbidden { host, address } => Self::Forbidden { host, address },
            Unreached::Failed(error) => error.into(),
        }
    }
}

impl From<BrokerError> for S3Why {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Problem(problem) => {
                let words = [problem.message].into_iter().chain(problem.because);
                Self::Authority(words.collect::<Vec<_>>().join(": "))
            }
            error => Self::Network(error),
        }
    }
}
