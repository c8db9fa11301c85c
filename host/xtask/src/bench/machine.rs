//! On what it was measured. A figure without its machine says nothing.

use crate::shell;
use anyhow::Result;
use std::path::Path;

/// A list in Markdown: processor, kernel, file system of the temporary folder, compiler, date.
pub fn describe(temporary: &Path) -> Result<String> {
    let processors = fs_err::read_to_string("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism()?;
    let kernel = fs_err::read_to_string("/proc/sys/kernel/osrelease")?;
    let file_system = said("df", &["--output=fstype", &temporary.display().to_string()])?;
    Ok(format!(
        "- processor: {model}, {cores} cores\n- kernel: {}\n- file system of the temporary folder: \
         {}\n- compiler: {}\n- date: {}\n",
        kernel.trim(),
        file_system.lines().last().unwrap_or("unknown"),
        said("rustc", &["--version"])?,
        said("date", &["-u", "+%Y-%m-%d"])?,
    ))
}

/// How many processes wanted a core, over the last minute.
pub fn load() -> Result<String> {
    let load = fs_err::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or("unknown").to_owned())
}

fn said(program: &str, words: &[&str]) -> Result<String> {
    Ok(shell::output(shell::command(program).args(words))?.trim().to_owned())
}
