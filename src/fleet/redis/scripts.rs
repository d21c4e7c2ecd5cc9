//! Scripts that the server runs, one for each step.

use std::sync::{Arc, LazyLock};

use redis::Script;

/// Script for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepScript {
    Create,
    SetState,
    BeginLoading,
    NoteLoaded,
    FinishLoading,
    Load,
    Beat,
    Leave,
    Lease,
    Begin,
    Settle,
    Park,
    Reclaim,
    Held,
    Collected,
    Permit,
    Cool,
    Vote,
    Probe,
    NoteWait,
    Waits,
    Figures,
}

/// Functions that several scripts use.
const PRELUDE: &str = include_str!("scripts/prelude.lua");

/// Flags of the scripts that a server whose memory is used up still runs: they free memory, or keep a run going that will.
const ALWAYS: &str = "allow-oom";

impl StepScript {
    /// All scripts, each at the place of its discriminant.
    pub(super) const ALL: [StepScript; 22] = [
        StepScript::Create,
        StepScript::SetState,
        StepScript::BeginLoading,
        StepScript::NoteLoaded,
        StepScript::FinishLoading,
        StepScript::Load,
        StepScript::Beat,
        StepScript::Leave,
        StepScript::Lease,
        StepScript::Begin,
        StepScript::Settle,
        StepScript::Park,
        StepScript::Reclaim,
        StepScript::Held,
        StepScript::Collected,
        StepScript::Permit,
        StepScript::Cool,
        StepScript::Vote,
        StepScript::Probe,
        StepScript::NoteWait,
        StepScript::Waits,
        StepScript::Figures,
    ];

    /// Returns name, flags and text.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            StepScript::Create => ("create", ALWAYS, include_str!("scripts/create.lua")),
            StepScript::SetState => ("set_state", ALWAYS, include_str!("scripts/set_state.lua")),
            StepScript::BeginLoading => {
                let text = include_str!("scripts/begin_loading.lua");
                ("begin_loading", ALWAYS, text)
            }
            StepScript::NoteLoaded => {
                let text = include_str!("scripts/note_loaded.lua");
                ("note_loaded", ALWAYS, text)
            }
            StepScript::FinishLoading => {
                let text = include_str!("scripts/finish_loading.lua");
                ("finish_loading", ALWAYS, text)
            }
            // Memory that is used up is a reason not to load.
            StepScript::Load => ("load", "", include_str!("scripts/load.lua")),
            StepScript::Beat => ("beat", ALWAYS, include_str!("scripts/beat.lua")),
            StepScript::Leave => ("leave", ALWAYS, include_str!("scripts/leave.lua")),
            StepScript::Lease => ("lease", ALWAYS, include_str!("scripts/lease.lua")),
            StepScript::Begin => ("begin", ALWAYS, include_str!("scripts/begin.lua")),
            StepScript::Settle => ("settle", ALWAYS, include_str!("scripts/settle.lua")),
            StepScript::Park => ("park", ALWAYS, include_str!("scripts/park.lua")),
            StepScript::Reclaim => ("reclaim", ALWAYS, include_str!("scripts/reclaim.lua")),
            StepScript::Held => {
                let text = include_str!("scripts/held.lua");
                ("held", "no-writes,allow-oom", text)
            }
            StepScript::Collected => ("collected", ALWAYS, include_str!("scripts/collected.lua")),
            StepScript::Permit => ("permit", ALWAYS, include_str!("scripts/permit.lua")),
            StepScript::Cool => ("cool", ALWAYS, include_str!("scripts/cool.lua")),
            StepScript::Vote => ("vote", ALWAYS, include_str!("scripts/vote.lua")),
            StepScript::Probe => ("probe", ALWAYS, include_str!("scripts/probe.lua")),
            StepScript::NoteWait => ("note_wait", ALWAYS, include_str!("scripts/note_wait.lua")),
            StepScript::Waits => {
                let text = include_str!("scripts/waits.lua");
                ("waits", "no-writes,allow-oom", text)
            }
            StepScript::Figures => {
                let text = include_str!("scripts/figures.lua");
                ("figures", "no-writes,allow-oom", text)
            }
        }
    }

    /// Returns the name, as errors show it.
    pub(super) fn name(self) -> &'static str {
        self.parts().0
    }
}

/// Script as it is sent.
pub(super) struct ReadyScript {
    pub(super) text: String,
    hashed: Script,
}

impl ReadyScript {
    /// Returns the digest under which a server that has seen the script knows it.
    pub(super) fn hash(&self) -> &str {
        self.hashed.get_hash()
    }
}

/// Texts of all scripts.
pub(super) struct Scripts([ReadyScript; StepScript::ALL.len()]);

static SCRIPTS: LazyLock<Arc<Scripts>> = LazyLock::new(|| Arc::new(Scripts::new(str::to_owned)));

impl Scripts {
    pub(super) fn shared() -> Arc<Scripts> {
        Arc::clone(&SCRIPTS)
    }

    /// Composes the scripts. `change`: changes a text before it is used. Tests give scripts their own time so.
    pub(super) fn new(change: impl Fn(&str) -> String) -> Scripts {
        Scripts(StepScript::ALL.map(|script| {
            let (_, flags, text) = script.parts();
            let flags = if flags.is_empty() {
                String::new()
            } else {
                format!(" flags={flags}")
            };
            let text = change(&format!("#!lua{flags}\n{PRELUDE}\n{text}"));
            let hashed = Script::new(&text);
            ReadyScript { text, hashed }
        }))
    }

    pub(super) fn get(&self, script: StepScript) -> &ReadyScript {
        &self.0[script as usize]
    }
}
