//! Every error code there is, in one table: its name, its exit code, what it means, what to do.
//!
//! Beside the table stands a page per code, `code/IF_ERR_….md`: how it looks, why, and the lines
//! that mend it. A code without a page does not compile, and `tests/it/errors` runs what stands in
//! each page. Codes are stable: a released one is never renamed, reused or moved to another exit
//! code.

mod page;

use serde::{Deserialize, Serialize};
use std::fmt;

/// Exit codes of `if`, one enum for all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    /// The provider refused, or could not be reached in time.
    Provider = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Whoever read our output went away.
    BrokenPipe = 3,
    /// Denied, or not trusted.
    Denied = 4,
    /// A limit or a budget.
    Limit = 5,
    /// Held for a decision by people.
    Held = 6,
    /// Sent, and no answer came: it may have happened.
    Unknown = 7,
    /// A bug of ours.
    Bug = 70,
    /// The disk, the database, the vault.
    Storage = 74,
    /// Ctrl-C.
    Interrupted = 130,
}

macro_rules! codes {
    ($($variant:ident $text:literal $exit:ident $meaning:literal $resolution:literal)*) => {
        /// A stable error code. Its page is made of `meaning`, `resolution` and its text in
        /// `code/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $meaning] #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// `IF_ERR_…`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The exit code of a command that ends with this error.
            pub fn exit(self) -> Exit {
                match self { $(Code::$variant => Exit::$exit,)* }
            }

            /// What it means, one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* }
            }

            /// What to do about it, in a sentence or two.
            pub fn resolution(self) -> &'static str {
                match self { $(Code::$variant => $resolution,)* }
            }

            /// How it looks, why, what to do: the part of the page that is written by hand.
            fn text(self) -> &'static str {
                match self { $(Code::$variant => include_str!(concat!("code/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    Usage "IF_ERR_USAGE" Usage
        "The command line names something that does not exist, or misses or misspells a value."
        "Read the `hint:` line: it names the nearest match or the missing argument. `ifctl \
             <provider> --help` lists what there is."
    Config "IF_ERR_CONFIG" Usage
        "A file in ~/.if cannot be read as configuration."
        "Open the file at the line and column shown and mend it; `ifctl lint` looks at all of them."
    ConfigLiteralSecret "IF_ERR_CONFIG_LITERAL_SECRET" Usage
        "A provider file holds a secret in plain text."
        "Store it with the `ifctl secret set` line shown, then delete it from the file."
    HomeUnsafe "IF_ERR_HOME_UNSAFE" Usage
        "The home folder is not owned by you, or other users may read it."
        "Run the `chmod 700` or `chown` line shown, or point IF_HOME at a folder of your own."
    HomeMissing "IF_ERR_HOME_MISSING" Usage
        "There is no InfraFabric home here yet."
        "Run `ifctl init`."
    InstanceUnknown "IF_ERR_INSTANCE_UNKNOWN" Usage
        "No instance of this provider has that name."
        "`ifctl <provider> list` shows the names; `ifctl <provider> add` makes one."
    Provider "IF_ERR_PROVIDER" Provider
        "The provider answered, and refused; its own words follow."
        "Act on the provider's words: a missing scene, a wrong state, a right you lack."
    ProviderAuth "IF_ERR_PROVIDER_AUTH" Provider
        "The provider did not accept the credentials."
        "Set the secret again with the `ifctl secret set` line shown."
    ProviderProtocol "IF_ERR_PROVIDER_PROTOCOL" Provider
        "The provider's answer does not follow its protocol."
        "Check that host and port are this product's, and its version."
    Unreachable "IF_ERR_UNREACHABLE" Provider
        "No connection could be made."
        "Check that the device is on, the host and port are right, and no firewall stands between."
    Timeout "IF_ERR_TIMEOUT" Provider
        "The provider did not answer in time, and nothing was changed."
        "Try again, or allow more time with `--timeout`."
    OutcomeUnknown "IF_ERR_OUTCOME_UNKNOWN" Unknown
        "The command was sent and no answer came: it may have happened."
        "Look at the device before you repeat it; `ifctl witness query` shows the operation."
    BrokenPipe "IF_ERR_BROKEN_PIPE" BrokenPipe
        "The program reading our output went away."
        "Nothing to do if you closed it on purpose."
    Falsified "IF_ERR_FALSIFIED" Held
        "If the provider were at its worst just then, nobody could rely on what the command says."
        "Read the cases; do it without `--mode=falsify` if you can see for yourself what happened."
    Interrupted "IF_ERR_INTERRUPTED" Interrupted
        "Ctrl-C ended the command; the outcome is in the log."
        "Nothing to do."
    PluginUnknown "IF_ERR_PLUGIN_UNKNOWN" Usage
        "No installed plugin has that name."
        "`ifctl plugin list` shows what is installed; `ifctl plugin install <folder>` installs one."
    PackageMalformed "IF_ERR_PACKAGE_MALFORMED" Denied
        "The package is not a valid package: a file is missing, too large, or not what its name \
             says."
        "Pack it again with `ifctl plugin pack`."
    ManifestMalformed "IF_ERR_MANIFEST_MALFORMED" Denied
        "The manifest does not follow its schema: unknown or doubled field, wrong type, value \
             out of bounds."
        "The author mends plugin.toml at the place shown and packs again."
    SignatureMissing "IF_ERR_SIGNATURE_MISSING" Denied
        "Too few distinct principals approved this manifest."
        "A reviewer runs the `ifctl plugin sign` line shown after reading `ifctl plugin show`."
    SignatureInvalid "IF_ERR_SIGNATURE_INVALID" Denied
        "A signature does not belong to these bytes."
        "Somebody changed a signed file. Do not run it; fetch the package again and compare \
             digests."
    Tampered "IF_ERR_TAMPERED" Denied
        "A file's digest is not the one that was signed."
        "Do not run it. Fetch the package again; if it repeats, tell the publisher."
    NotAllowed "IF_ERR_NOT_ALLOWED" Denied
        "The plugin is signed, but not on the allow-list."
        "Run the `ifctl plugin allow` line shown after reading `ifctl plugin show`."
    AllowExpired "IF_ERR_ALLOW_EXPIRED" Denied
        "The allow-list has expired."
        "Whoever holds the allow-list key runs `ifctl plugin allow` again, which renews it."
    Revoked "IF_ERR_REVOKED" Denied
        "The plugin, its component or its key was revoked."
        "Install a version that is not; the reason stands in the message."
    RolledBack "IF_ERR_ROLLED_BACK" Denied
        "An older release or an older trust file than one already seen."
        "Install the newer one. A file from a backup must be replaced by the current one."
    ImportsUndeclared "IF_ERR_IMPORTS_UNDECLARED" Denied
        "The component imports more than its manifest declares."
        "The author declares the import in plugin.toml and packs again; a reviewer decides anew."
    DescriptionChanged "IF_ERR_DESCRIPTION_CHANGED" Denied
        "The component describes itself differently from its signed manifest."
        "The author packs again; a description must be the same on every call."
    TrustMalformed "IF_ERR_TRUST_MALFORMED" Denied
        "A trust file (root, allow-list, deny-list) cannot be verified or read."
        "Restore the file shown from the machine that signed it."
    RootUnknown "IF_ERR_ROOT_UNKNOWN" Denied
        "The trust root in a bundle is not this home's, nor its successor."
        "Compare the root's digest with whoever made the bundle; only a home that has allowed \
             nothing takes another root."
    KeyMissing "IF_ERR_KEY_MISSING" Denied
        "The signing key needed for this is not here."
        "Run it where the key is, or as the person who holds it."
    LockDrift "IF_ERR_LOCK_DRIFT" Denied
        "A plugin is not the one that the lock file names."
        "Install the one that is locked, or read the differences and lock anew with `ifctl plugin \
             lock`."
    Passphrase "IF_ERR_PASSPHRASE" Denied
        "A key is under a passphrase, and the right one was not given."
        "Run it on a terminal, where it is asked for, or name a file that holds it with \
             `--passphrase-file`."
    ConfirmationNeeded "IF_ERR_CONFIRMATION_NEEDED" Denied
        "The command is dangerous and nobody said yes."
        "Look at it with `--dry-run`, then repeat it with `--yes`."
    Planned "IF_ERR_PLANNED" Ok
        "A dry run reached the first message that would change something: it was recorded, not \
             sent."
        "Read the plan; the same line without `--dry-run` does it."
    EgressDenied "IF_ERR_EGRESS_DENIED" Denied
        "A plugin tried to reach a place that is not granted to it."
        "If the place is right, grant it with the line shown; if not, do not trust the plugin."
    AddressDenied "IF_ERR_ADDRESS_DENIED" Denied
        "The name resolves to an address that is not allowed: private, local, or metadata."
        "If the device is on your own network, record that with the `add` line shown."
    EffectExceeded "IF_ERR_EFFECT_EXCEEDED" Denied
        "A plugin tried to send a message above its command's effect; the call was ended."
        "The plugin or its traffic rules are wrong. Report it; do not raise the effect to \
             silence it."
    CapabilityDenied "IF_ERR_CAPABILITY_DENIED" Denied
        "A plugin used something its manifest does not ask for or you did not grant."
        "Read `ifctl plugin show`; grant it only if you see why it is needed."
    SecretMissing "IF_ERR_SECRET_MISSING" Usage
        "The command needs a secret that is not set."
        "Run the `ifctl secret set` line shown."
    SecretSource "IF_ERR_SECRET_SOURCE" Storage
        "The place that a secret is to come from does not give it: it is locked, does not answer, \
             or refuses."
        "Run the line shown, which opens that place; or keep the value in the vault."
    SecretSink "IF_ERR_SECRET_SINK" Denied
        "A plugin put a secret's placeholder where its manifest does not allow the value."
        "The plugin is wrong or hostile. The value was not sent."
    SecretEcho "IF_ERR_SECRET_ECHO" Denied
        "The provider's answer contained the secret; the call was ended before the plugin saw it."
        "Change the secret at the provider, and do not use an endpoint that echoes it."
    SandboxUnsound "IF_ERR_SANDBOX_UNSOUND" Denied
        "An attack of `ifctl doctor sandbox` was not stopped, or not by its limit."
        "Run no stranger's plugin with this program. Install it again; if it repeats, report the \
             rows shown."
    VaultLocked "IF_ERR_VAULT" Storage
        "The vault cannot be opened or written."
        "Check keys/vault.key and vault.age in the home; restore both from the same backup."
    LimitMemory "IF_ERR_LIMIT_MEMORY" Limit
        "The plugin asked for more memory than its manifest allows."
        "Retry with less data; a limit that is really too small is the author's to raise and \
             yours to review."
    LimitFuel "IF_ERR_LIMIT_FUEL" Limit
        "The plugin computed longer than its manifest allows."
        "Retry with less data; if it repeats, report it to the author."
    LimitDeadline "IF_ERR_LIMIT_DEADLINE" Limit
        "The plugin did not finish before its deadline."
        "If `--timeout`, IF_TIMEOUT or config.yaml made the time short, allow more; beyond the \
             manifest's limit only the author can."
    LimitStack "IF_ERR_LIMIT_STACK" Limit
        "The plugin recursed too deeply."
        "Report it to the author."
    LimitHandles "IF_ERR_LIMIT_HANDLES" Limit
        "The plugin held too many resources, tables or instances at once."
        "Report it to the author."
    LimitOutput "IF_ERR_LIMIT_OUTPUT" Limit
        "The plugin's result, events or log are larger than its manifest allows."
        "Ask for less; filter on the command line where the command can."
    LimitHostCalls "IF_ERR_LIMIT_HOST_CALLS" Limit
        "The plugin passed more data or more calls to the host than it may."
        "Report it to the author."
    LimitNetwork "IF_ERR_LIMIT_NETWORK" Limit
        "A request, an answer or the number of connections is larger than the manifest allows."
        "Ask for less; if the provider's answers have grown, the author raises the limit."
    Budget "IF_ERR_BUDGET" Limit
        "The call would cost more than is allowed."
        "Raise `--max-cost` or the budget that the message names, or leave it."
    Currency "IF_ERR_CURRENCY" Limit
        "The call costs one currency and its budget counts another; amounts are not converted."
        "Set a budget in the call's currency, or a price in the budget's."
    PolicyDenied "IF_ERR_POLICY_DENIED" Denied
        "A policy denies the command, or asks for something that was not given."
        "Read the reasons; `ifctl governor policy explain <policy>` says what each of them means."
    PolicyFailed "IF_ERR_POLICY_FAILED" Denied
        "A policy gave no answer that counts: it crashed, took too long, or answered with what it \
             does not declare."
        "Mend or remove the policy that is named in `policies.yaml`; until then it denies."
    PolicyUnsigned "IF_ERR_POLICY_UNSIGNED" Denied
        "The trust root asks for a signed set of policies, and `policies.yaml` is not it."
        "Apply the set anew with a key of the role `policy`, by the line shown."
    Held "IF_ERR_HELD" Held
        "The command waits until other people have approved it."
        "One of them runs the `ifctl governor holds approve` line shown, within an hour."
    HoldQuota "IF_ERR_HOLD_QUOTA" Limit
        "Too many commands of yours wait for approval already."
        "`ifctl governor holds list` shows them; have some of them decided first."
    HoldClosed "IF_ERR_HOLD_CLOSED" Denied
        "The held command is decided already, or its time is over."
        "Ask for the command again: it is held anew."
    ApprovalRefused "IF_ERR_APPROVAL_REFUSED" Denied
        "This word on a held command does not count."
        "Somebody else than the one who asked approves, each once, with a key that the trust root \
             names."
    ClockBack "IF_ERR_CLOCK_BACK" Usage
        "The clock of this machine runs behind the time at which something was recorded."
        "Set the clock right, then try again."
    RateLimited "IF_ERR_RATE_LIMITED" Limit
        "Commands come more often than the operator's rate allows, and the next turn is far off."
        "Try again after the time that the message names, or change the rate in `governor.yaml`."
    CircuitOpen "IF_ERR_CIRCUIT_OPEN" Limit
        "Calls kept failing, so that no more are made for a while."
        "Mend what failed and test it; the circuit closes with the first call that succeeds."
    PluginPanicked "IF_ERR_PLUGIN_PANICKED" Provider
        "The plugin crashed; nothing else did."
        "The message has the plugin's last words; report them to the author."
    PluginMisbehaved "IF_ERR_PLUGIN_MISBEHAVED" Provider
        "The plugin's answer is not what its manifest promises."
        "Report it to the author."
    StoreBusy "IF_ERR_STORE_BUSY" Storage
        "Another process held the database or a lock file longer than we wait."
        "Try again; if it repeats, look for another `ifctl` that hangs."
    StoreFull "IF_ERR_STORE_FULL" Storage
        "A disk is full. If it is the home's, nothing was sent."
        "Free space. `ifctl witness log` shows whether the command was done."
    StoreNewer "IF_ERR_STORE_NEWER" Storage
        "The database was written by a newer version."
        "Install that version or newer; nothing was changed."
    Store "IF_ERR_STORE" Storage
        "The database or a file of the home cannot be read or written."
        "Look at the cause shown; `ifctl doctor` checks the home."
    LedgerBroken "IF_ERR_LEDGER_BROKEN" Denied
        "The ledger says something of money that the log does not bear out."
        "Look at the operations that the message names; somebody edited the database."
    WitnessBroken "IF_ERR_WITNESS_BROKEN" Denied
        "The log does not verify: an entry was changed, removed or forged."
        "Stop, keep a copy of the home, and compare with a backup."
    LogRolledBack "IF_ERR_LOG_ROLLED_BACK" Denied
        "A log has fewer entries than it once signed: an older state of it was put back."
        "Stop, keep a copy of the home, and restore the newest backup that the anchor bears out."
    LogForked "IF_ERR_LOG_FORKED" Denied
        "A log does not begin with what it once signed, or nobody has shown that it does."
        "Stop and keep both checkpoints: two that one key signed and that exclude each other are \
             proof."
    LogUnsigned "IF_ERR_LOG_UNSIGNED" Denied
        "A checkpoint is not signed by the log that it is said to be of."
        "Ask whoever keeps the log for its key, by another way than the checkpoint came."
    Anchor "IF_ERR_ANCHOR" Storage
        "An anchor off this machine cannot be read or written, or has lost what it held."
        "See that its disk is mounted or its server answers, then `ifctl witness anchor run`."
    ReplayDiverged "IF_ERR_REPLAY_DIVERGED" Denied
        "A recorded operation, run again from its record, did something else."
        "Replay it with the version that recorded it; compare both lines that are shown."
    Compile "IF_ERR_COMPILE" Limit
        "The component could not be compiled within its bounds."
        "The component is broken or too large; report it to the author."
    Worker "IF_ERR_WORKER" Storage
        "The process in which plugins run cannot be started, or cannot be closed off."
        "Install the programs again, side by side; on a kernel without seccomp no plugin runs."
    Bug "IF_ERR_BUG" Bug
        "A bug in InfraFabric."
        "Report it with the output of `-v`."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_each_says_what_to_do() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().starts_with("IF_ERR_"), "{code}");
            assert!(code.meaning().ends_with('.') && code.resolution().ends_with('.'), "{code}");
        }
    }
}
