//! Is an engine on this machine, with the same files in the same places?

use std::fs;

use tokio::net::UnixStream;

/// Says why the engine at this address may see other files than this process under the same paths, if it may.
///
/// Whoever listens at the socket is asked for: the engine itself, or what the machine starts it with. It is near when it
/// has the very mounts that this process has.
pub async fn far(address: &str) -> Option<String> {
    let Some(socket) = address.strip_prefix("unix://") else {
        return Some(
            "the engine is reached over the network, and may be on another machine".into(),
        );
    };
    let peer = match UnixStream::connect(socket).await {
        Ok(stream) => stream.peer_cred(),
        Err(error) => Err(error),
    };
    let process = peer.ok().and_then(|peer| peer.pid()).filter(|pid| *pid > 0);
    let Some(process) = process else {
        return Some("the engine is outside the container that this program runs in".into());
    };
    let mounts = |process: &str| fs::read_link(format!("/proc/{process}/ns/mnt")).ok();
    match (mounts(&process.to_string()), mounts("self")) {
        (Some(theirs), Some(own)) if theirs == own => None,
        (Some(_), Some(_)) => Some("the engine sees other mounts than this program".into()),
        _ => Some("this program may not look which mounts the engine sees".into()),
    }
}
