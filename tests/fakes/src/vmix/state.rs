//! The mixer's state: what the XML shows, as plain data that a test can compare.
//!
//! Inputs are referred to by key inside, because numbers move when inputs are added, moved or
//! removed. Time does not pass in here: a transition is over when it is asked for, and a playing
//! clip stays where it is, so that a test sees the same XML twice.

use std::collections::BTreeMap;

/// Inputs a simulator holds at most; vMix's own limit is 1000.
pub const INPUTS_MAX: usize = 1000;
/// Overlay channels since vMix 27.
pub const OVERLAYS: usize = 8;
/// Streaming channels since vMix 27.
pub const STREAMS: usize = 5;

/// Everything the mixer knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixer {
    pub version: String,
    pub edition: String,
    pub preset: String,
    pub inputs: Vec<Input>,
    /// Main mix first, then mix 2 and so on.
    pub mixes: Vec<Mix>,
    /// Key of the input shown in each overlay channel.
    pub overlays: [Option<String>; OVERLAYS],
    pub transitions: [Transition; 4],
    pub fade_to_black: bool,
    pub recording: bool,
    pub external: bool,
    pub multi_corder: bool,
    pub play_list: bool,
    pub fullscreen: bool,
    pub streaming: [bool; STREAMS],
    /// `url`, `key`, `username`, `password` per channel; the XML never shows them.
    pub stream_settings: [BTreeMap<String, String>; STREAMS],
    pub master: Bus,
    pub headphones_volume: f64,
    /// `A` to `G`.
    pub buses: BTreeMap<char, Bus>,
    pub dynamic_inputs: [String; 4],
    pub dynamic_values: [String; 4],
    /// Inputs ever made: each gets a key of its own.
    pub(crate) made: u32,
}

/// What one mix shows, by input key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    pub active: String,
    pub preview: String,
}

/// One of the four transition buttons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    pub effect: String,
    pub duration_ms: u32,
}

/// Master or one of the buses.
#[derive(Debug, Clone, PartialEq)]
pub struct Bus {
    /// 0 to 100.
    pub volume: f64,
    pub muted: bool,
    pub solo: bool,
    pub send_to_master: bool,
}

/// One input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// GUID, lower case, as vMix writes it.
    pub key: String,
    /// `Colour`, `Video`, `Image`, `GT`, `Audio`, `VideoList`, `Virtual`, …
    pub kind: String,
    pub title: String,
    pub state: PlayState,
    pub position_ms: u64,
    pub duration_ms: u64,
    pub looping: bool,
    /// Only inputs with sound.
    pub audio: Option<InputAudio>,
    /// Text fields of a title, by name.
    pub texts: Vec<(String, String)>,
}

/// vMix's three states of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayState {
    Running,
    Paused,
    Completed,
}

/// The sound of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputAudio {
    pub muted: bool,
    /// 0 to 100.
    pub volume: f64,
    /// −1 to 1.
    pub balance: f64,
    pub gain_db: f64,
    pub solo: bool,
    /// `M`, `A` … `G`, in the order in which vMix lists them.
    pub buses: String,
}

impl PlayState {
    /// As the XML spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            PlayState::Running => "Running",
            PlayState::Paused => "Paused",
            PlayState::Completed => "Completed",
        }
    }
}

impl Default for Mixer {
    /// A small show: a colour on program, a camera in preview, a clip, a title and a list.
    fn default() -> Self {
        let mut mixer = Self::empty();
        mixer.add("Colour", "Colour");
        mixer.add("Capture", "Camera 1");
        mixer.add("Video", "opener.mp4");
        mixer.add("GT", "lower third.gtzip");
        mixer.add("VideoList", "List");
        let key = |number: usize| mixer.inputs.get(number - 1).map(|input| input.key.clone());
        let (active, preview) = (key(1).unwrap_or_default(), key(2).unwrap_or_default());
        mixer.mixes = vec![Mix { active, preview: preview.clone() }];
        mixer.mixes.push(Mix { active: preview.clone(), preview });
        mixer
    }
}

impl Mixer {
    fn empty() -> Self {
        let bus = |send_to_master| Bus { volume: 100.0, muted: false, solo: false, send_to_master };
        let effects = ["Fade", "Merge", "Wipe", "CubeZoom"];
        Self {
            version: "27.0.0.49".into(),
            edition: "4K".into(),
            preset: r"C:\Shows\evening.vmix".into(),
            inputs: Vec::new(),
            mixes: Vec::new(),
            overlays: Default::default(),
            transitions: effects
                .map(|effect| Transition { effect: effect.into(), duration_ms: 500 }),
            fade_to_black: false,
            recording: false,
            external: false,
            multi_corder: false,
            play_list: false,
            fullscreen: false,
            streaming: Default::default(),
            stream_settings: Default::default(),
            master: bus(false),
            headphones_volume: 100.0,
            buses: ('A'..='G').map(|name| (name, bus(false))).collect(),
            dynamic_inputs: Default::default(),
            dynamic_values: Default::default(),
            made: 0,
        }
    }

    /// Appends an input of this type and title and returns its key.
    pub fn add(&mut self, kind: &str, title: &str) -> String {
        self.made += 1;
        let key = format!("{:08x}-5a1d-4c3b-9e2f-0123456789ab", self.made);
        let sounding = matches!(kind, "Video" | "AudioFile" | "Capture" | "VideoList" | "NDI");
        let audio = InputAudio {
            muted: false,
            volume: 100.0,
            balance: 0.0,
            gain_db: 0.0,
            solo: false,
            buses: "M".into(),
        };
        let titled = matches!(kind, "GT" | "Xaml");
        let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        self.inputs.push(Input {
            key: key.clone(),
            kind: kind.to_owned(),
            title: title.to_owned(),
            state: if kind == "Capture" { PlayState::Running } else { PlayState::Paused },
            position_ms: 0,
            duration_ms: if matches!(kind, "Video" | "AudioFile") { 60_000 } else { 0 },
            looping: false,
            audio: sounding.then_some(audio),
            texts: if titled {
                vec![text("Headline.Text", "Headline"), text("Description.Text", "Description")]
            } else {
                Vec::new()
            },
        });
        key
    }

    /// The number (from 1) of the input with this key; 0 when there is none.
    pub fn number_of(&self, key: &str) -> usize {
        self.inputs.iter().position(|input| input.key == key).map_or(0, |index| index + 1)
    }

    /// Main mix: key of the input on program.
    pub fn active(&self) -> &str {
        self.mixes.first().map_or("", |mix| &mix.active)
    }

    /// Main mix: key of the input in preview.
    pub fn preview(&self) -> &str {
        self.mixes.first().map_or("", |mix| &mix.preview)
    }

    /// Finds an input as the API names one: a number (0 preview, −1 active), a GUID, or an exact
    /// title. A title that is a number can only be reached by its number or GUID.
    pub fn find(&self, name: &str) -> Option<&Input> {
        let key = match name.parse::<i64>() {
            Ok(0) => self.preview(),
            Ok(-1) => self.active(),
            Ok(number) => {
                let index = usize::try_from(number).ok()?.checked_sub(1)?;
                return self.inputs.get(index);
            }
            Err(_) => name,
        };
        let by_key = self.inputs.iter().find(|input| input.key.eq_ignore_ascii_case(key));
        by_key.or_else(|| self.inputs.iter().find(|input| input.title == name))
    }

    /// As [`Mixer::find`], to change it.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Input> {
        let key = self.find(name)?.key.clone();
        self.inputs.iter_mut().find(|input| input.key == key)
    }
}
