//! Why a container cannot be made or started: the engine's and the kernel's words, read for what can be done about them.

use super::EngineError;

/// Reads what was said when a container could not be started; `None` when it is nothing that is known.
///
/// Old engines report that a program cannot be executed only as the last words of a container that ended at once; newer
/// ones refuse the start. The words are runc's in both cases.
pub(super) fn refusal(reason: &str) -> Option<EngineError> {
    let has = |part: &str| reason.contains(part);
    let (image, reason) = (String::new(), reason.trim().to_owned());
    Some(if has("exec format error") {
        EngineError::WrongPlatform { image, reason }
    } else if has("bind source path does not exist") || has("not shared from the host") {
        EngineError::NotOnTheEnginesMachine { reason }
    } else if has("network ") && reason.ends_with(" not found") {
        EngineError::NetworkGone { reason }
    } else if has("rlimit") {
        EngineError::Ulimit { reason }
    } else if has("unable to apply caps: operation not permitted") {
        EngineError::PrivilegesRefused { reason }
    } else if has("executable file not found") || has("no such file or directory") {
        EngineError::NoShell { image, reason }
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_refuses_is_told_apart() {
        let old = "standard_init_linux.go:228: exec user process caused: exec format error";
        assert!(matches!(
            refusal(old),
            Some(EngineError::WrongPlatform { .. })
        ));
        let loader = "exec /bin/sh: no such file or directory";
        assert!(matches!(refusal(loader), Some(EngineError::NoShell { .. })));
        let mount = r#"invalid mount config for type "bind": bind source path does not exist: /h"#;
        assert!(matches!(
            refusal(mount),
            Some(EngineError::NotOnTheEnginesMachine { .. })
        ));
        let limits = "error setting rlimits for ready process: error setting rlimit type 7: operation not permitted";
        assert!(matches!(refusal(limits), Some(EngineError::Ulimit { .. })));
        let caps = "OCI runtime create failed: runc create failed: unable to start container process: unable to apply caps: operation not permitted: unknown";
        assert!(matches!(
            refusal(caps),
            Some(EngineError::PrivilegesRefused { .. })
        ));
        for gone in [
            "network understudy-lend not found",
            "failed to set up container networking: network understudy-lend not found",
        ] {
            assert!(matches!(
                refusal(gone),
                Some(EngineError::NetworkGone { .. })
            ));
        }
        assert!(refusal("port is already allocated").is_none());
    }
}
