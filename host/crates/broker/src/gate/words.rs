//! Wishes that never leave the machine: placeholders, time, files, state, money, and the guest's
//! own words. Each goes to the port that owns it, if the manifest imports it.

use super::CallBroker;
use crate::BrokerError;
use if_core::{Ask, Mode, Reply};
use std::time::Duration;

/// Most bytes of a file in one answer, as the WIT says.
const BLOB_BYTES_MAX: u32 = 256 << 10;

impl CallBroker {
    pub(super) async fn word(&self, ask: Ask) -> Result<Reply, BrokerError> {
        let config = &self.config;
        match ask {
            Ask::Placeholder { recipe, inputs } => {
                let prefix = format!("{}/{}", config.instance.provider, config.instance.instance);
                let token = self.vault.make(
                    &config.predicate,
                    (&recipe, &inputs),
                    (&*config.secrets, &prefix),
                    self.transport.now(),
                )?;
                return Ok(Reply::Placeholder { token });
            }
            Ask::Sleep { nanos } => {
                let (asked, left) = (Duration::from_nanos(nanos), self.within(None)?);
                self.transport.sleep(asked.min(left)).await;
                if asked > left {
                    return Err(BrokerError::Deadline);
                }
            }
            Ask::Emit { event } => config.events.emit(&event)?,
            Ask::Progress { done, total, message } => config.events.progress(done, total, &message),
            Ask::Log { level, message } => config.events.log(level, &message),
            Ask::Attach { name, evidence } => config.events.attach(&name, &evidence)?,
            other => return self.granted_word(other),
        }
        Ok(Reply::Done)
    }

    fn granted_word(&self, ask: Ask) -> Result<Reply, BrokerError> {
        let config = &self.config;
        let is_dry = config.mode == Mode::DryRun;
        match ask {
            Ask::BlobRead { blob, offset, bytes_max } => {
                self.import("blob", config.grants.blob)?;
                let bytes_max = bytes_max.min(BLOB_BYTES_MAX);
                let (bytes, end) = config.blobs.read(&blob, offset, bytes_max)?;
                return Ok(Reply::Bytes { bytes, end });
            }
            Ask::BlobWrite { blob, bytes } => {
                self.import("blob", config.grants.blob)?;
                if !is_dry {
                    config.blobs.append(&blob, &bytes)?;
                }
            }
            Ask::StateGet { key } => {
                self.import("state", config.grants.state)?;
                return Ok(Reply::State { value: config.state.get(&key)? });
            }
            Ask::StateSet { key, value } => {
                self.import("state", config.grants.state)?;
                if !is_dry {
                    config.state.set(&key, value.as_deref())?;
                }
            }
            Ask::CostReserve { micros, reason } => {
                self.import("cost", config.grants.cost)?;
                config.meter.reserve(micros, &reason)?;
            }
            Ask::CostReport { micros, usage } => {
                self.import("cost", config.grants.cost)?;
                config.meter.report(micros, &usage)?;
            }
            other => return Err(BrokerError::Bug(format!("no room answers {other:?}"))),
        }
        Ok(Reply::Done)
    }

    fn import(&self, interface: &'static str, granted: bool) -> Result<(), BrokerError> {
        if granted {
            return Ok(());
        }
        let plugin = self.config.instance.provider.clone();
        Err(BrokerError::Capability { plugin, interface })
    }
}
