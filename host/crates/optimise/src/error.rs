//! Why no amount can be said.

/// An argument that should name money does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("its price is a share of `{parameter}`, which is no amount with at most six decimals")]
    NoAmount { parameter: String },
    #[error("its price is in the currency of `{parameter}`, which is no ISO 4217 code such as USD")]
    NoCurrency { parameter: String },
}
