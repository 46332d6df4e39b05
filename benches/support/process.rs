//! What the kernel tells of a process while it runs. Owns reading it; starting and ending processes is the benches'.

use std::fs;

use anyhow::{Context as _, bail};

/// Ticks of the kernel's clock in a second, as every Linux has it (proc(5), sysconf(3)).
const TICKS: f64 = 100.0;

/// Processor time so far, in seconds: fields 14 and 15 of proc(5)'s stat.
pub(crate) fn processor_time(id: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("stat")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    match ticks.as_slice() {
        [user, system] => Ok((user + system) / TICKS),
        _ => bail!("stat says {fields}"),
    }
}

/// Memory, in KiB: `VmHWM` is the most that was resident so far, `VmRSS` what is now.
pub(crate) fn memory_kib(id: u32, name: &str) -> anyhow::Result<u32> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let of = |line: &str| line.strip_prefix(name)?.strip_prefix(':')?.split_whitespace().next()?.parse().ok();
    status.lines().find_map(of).with_context(|| format!("status has no {name}"))
}
