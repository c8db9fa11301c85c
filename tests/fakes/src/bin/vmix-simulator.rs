//! The vMix simulator as a program: prints one JSON line with its ports, then serves until its
//! standard input ends or it is killed, so that it never outlives the script that started it.

use anyhow::{Result, bail};
use if_fakes::VmixSimulator;
use std::io::{Read as _, Write as _};

const USAGE: &str = "usage: vmix-simulator [--http PORT] [--tcp PORT]";

fn main() -> Result<()> {
    let (mut http, mut tcp) = (0, 0);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let slot = match word.as_str() {
            "--http" => &mut http,
            "--tcp" => &mut tcp,
            other => bail!("unknown argument `{other}`\n{USAGE}"),
        };
        let Some(port) = words.next().and_then(|port| port.parse().ok()) else {
            bail!("{word} needs a port\n{USAGE}");
        };
        *slot = port;
    }
    let simulator = VmixSimulator::start_on(http, tcp)?;
    let ports = serde_json::json!({ "http": simulator.http_port, "tcp": simulator.tcp_port });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{ports}")?;
    stdout.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
