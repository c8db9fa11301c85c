//! Why a wish is not granted: one enum, and what each case becomes for guest, operator and log.
//!
//! No variant carries anything that was substituted, received or derived: a message is made of
//! names, addresses and numbers that the operator already knows.

use if_core::{Code, Effect, Explain, Problem, Refusal, RefusalKind};

/// Every reason for which the broker says no.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BrokerError {
    #[error("plugin `{plugin}` may not reach `{target}`: its manifest does not ask for it")]
    EgressUndeclared { plugin: String, target: String },
    #[error(
        "plugin `{plugin}` may not reach `{host}:{port}`: \
         the manifest asks for it, but no grant allows it"
    )]
    EgressUngranted { plugin: String, host: String, port: u16 },
    #[error("`{host}:{port}` is not among the `hosts:` of {provider} instance `{instance}`")]
    EgressNarrowed { provider: String, instance: String, host: String, port: u16 },
    #[error("host `{0}` is not written in the one usual way")]
    HostSpelling(String),
    #[error(
        "`{host}` is at the private address {address}, which instance `{instance}` may not reach"
    )]
    AddressPrivate { provider: String, instance: String, host: String, address: String },
    #[error("`{host}` is at {address}, which no plugin may reach")]
    AddressForbidden { host: String, address: String },
    #[error(
        "the command is `{allowed}`, but the plugin tried to send a `{effect}` message: {summary}"
    )]
    EffectExceeded { allowed: Effect, effect: Effect, summary: String },
    #[error("dry run: recorded and not sent: {0}")]
    Planned(String),
    #[error("plugin `{plugin}` uses `{interface}`, which its manifest does not import")]
    Capability { plugin: String, interface: &'static str },
    #[error("{0}")]
    SecretSink(String),
    #[error(
        "the answer of endpoint `{0}` contains a secret that was sent; the plugin did not see it"
    )]
    SecretEcho(String),
    #[error("recipe `{recipe}` cannot be made: {reason}")]
    Recipe { recipe: String, reason: String },
    #[error("{what} is larger than the limit of {bytes_max} bytes")]
    TooLarge { what: &'static str, bytes_max: u64 },
    #[error("no more than {max} {what} in one call")]
    TooMany { what: &'static str, max: u64 },
    /// Placeholders are kept by the host until the call ends, like any resource of a guest's.
    #[error("no more than {max} placeholders in one call")]
    TooManyPlaceholders { max: u64 },
    #[error("no more than {max} new {what} in {period_ms} ms")]
    TooOften { what: &'static str, max: u64, period_ms: u64 },
    #[error("cannot reach `{target}`: {cause}")]
    Unreachable { target: String, cause: String },
    #[error("`{target}` did not answer within {waited_ms} ms")]
    TimedOut { target: String, waited_ms: u64 },
    #[error("the call's deadline has passed")]
    Deadline,
    #[error("`{target}` does not follow the protocol: {cause}")]
    Protocol { target: String, cause: String },
    #[error("the certificate of `{target}` is not trusted: {cause}")]
    Certificate { target: String, cause: String },
    #[error("{0}")]
    Invalid(String),
    #[error("cassette: {0}")]
    Cassette(String),
    #[error("bug: {0}")]
    Bug(String),
    #[error("{0}")]
    Problem(Problem),
    /// A port's or a recording's own words.
    #[error("{0}")]
    Passed(Refusal),
}

impl Explain for BrokerError {
    fn code(&self) -> Code {
        match self {
            Self::EgressUndeclared { .. }
            | Self::EgressUngranted { .. }
            | Self::EgressNarrowed { .. } => Code::EgressDenied,
            Self::HostSpelling(_) | Self::AddressPrivate { .. } | Self::AddressForbidden { .. } => {
                Code::AddressDenied
            }
            Self::EffectExceeded { .. } => Code::EffectExceeded,
            Self::Planned(_) => Code::Planned,
            Self::Capability { .. } => Code::CapabilityDenied,
            Self::SecretSink(_) => Code::SecretSink,
            Self::SecretEcho(_) => Code::SecretEcho,
            Self::Recipe { .. } | Self::Invalid(_) => Code::PluginMisbehaved,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::TooOften { .. } => {
                Code::LimitNetwork
            }
            Self::TooManyPlaceholders { .. } => Code::LimitHandles,
            Self::Unreachable { .. } => Code::Unreachable,
            Self::TimedOut { .. } => Code::Timeout,
            Self::Deadline => Code::LimitDeadline,
            Self::Protocol { .. } | Self::Certificate { .. } | Self::Cassette(_) => {
                Code::ProviderProtocol
            }
            Self::Bug(_) => Code::Bug,
            Self::Problem(problem) => problem.code,
            Self::Passed(refusal) => refusal.code,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::EgressUngranted { plugin, host, port } => {
                vec![format!("to allow it: ifctl plugin allow {plugin} --host {host}:{port}")]
            }
            Self::EgressNarrowed { provider, instance, host, port } => vec![format!(
                "to allow it, add `{host}:{port}` to `hosts:` of `{instance}` \
                 in providers/{provider}.yaml"
            )],
            Self::AddressPrivate { provider, instance, host, .. } => vec![
                format!(
                    "if the device is on your own network: \
                     ifctl {provider} remove {instance} --yes && \
                     ifctl {provider} add {instance} --host {host} --private-network"
                ),
                format!(
                    "or write `private_network: true` under `{instance}` \
                     in providers/{provider}.yaml"
                ),
            ],
            Self::HostSpelling(_) => {
                vec![
                    "write a name in ASCII, an IPv4 address as four decimal numbers, or IPv6"
                        .into(),
                ]
            }
            Self::Certificate { .. } => {
                vec![
                    "for a private authority, give its PEM file as the instance's `ca_file`".into(),
                ]
            }
            Self::Problem(problem) => problem.hints.clone(),
            Self::Passed(refusal) => refusal.hints.clone(),
            _ => Vec::new(),
        }
    }
}

impl BrokerError {
    /// How it looks to the guest, and whether the call ends here.
    pub fn refusal(self) -> Refusal {
        if let Self::Passed(refusal) = self {
            return refusal;
        }
        let ends_call = matches!(
            self,
            Self::EffectExceeded { .. } | Self::SecretEcho(_) | Self::Cassette(_) | Self::Deadline
        );
        Refusal {
            kind: self.kind(),
            code: self.code(),
            message: self.to_string(),
            hints: self.hints(),
            ends_call,
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::TooManyPlaceholders { .. }
            | Self::TooOften { .. } => RefusalKind::Limit,
            Self::Planned(_) => RefusalKind::Planned,
            Self::Unreachable { .. } => RefusalKind::Unreachable,
            Self::TimedOut { .. } | Self::Deadline => RefusalKind::Timeout,
            Self::Protocol { .. } | Self::Certificate { .. } | Self::Cassette(_) => {
                RefusalKind::Protocol
            }
            Self::Invalid(_) | Self::Recipe { .. } | Self::Problem(_) | Self::Bug(_) => {
                RefusalKind::Invalid
            }
            _ => RefusalKind::Denied,
        }
    }
}

impl From<Refusal> for BrokerError {
    fn from(refusal: Refusal) -> Self {
        Self::Passed(refusal)
    }
}

impl From<Problem> for BrokerError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_grant_names_the_line_to_write_and_an_undeclared_host_none() {
        let refusal = BrokerError::EgressUngranted {
            plugin: "w".into(),
            host: "a.example".into(),
            port: 443,
        }
        .refusal();
        assert_eq!(refusal.hints, ["to allow it: ifctl plugin allow w --host a.example:443"]);
        assert_eq!((refusal.kind, refusal.ends_call), (RefusalKind::Denied, false));
        let undeclared =
            BrokerError::EgressUndeclared { plugin: "w".into(), target: "x:1".into() }.refusal();
        assert!(undeclared.hints.is_empty());
    }

    #[test]
    fn what_ends_the_call_whatever_the_guest_would_do() {
        let exceeded = BrokerError::EffectExceeded {
            allowed: Effect::Read,
            effect: Effect::Write,
            summary: "GET /".into(),
        };
        assert!(exceeded.refusal().ends_call);
        assert!(BrokerError::SecretEcho("e".into()).refusal().ends_call);
        assert!(BrokerError::Cassette("x".into()).refusal().ends_call);
        assert!(BrokerError::Deadline.refusal().ends_call);
        assert!(!BrokerError::SecretSink("x".into()).refusal().ends_call);
    }
}
