//! The state as XML, element for element and spelling for spelling as vMix 27 writes it.
//!
//! Source: the XML of vMix's own HTTP API page and of the Companion module's parser. Meters are 0.

use super::state::{Bus, Input, Mixer, STREAMS};
use std::fmt::Write as _;

/// The whole document, one element per line.
pub fn write(mixer: &Mixer) -> String {
    let mut xml = String::from("<vmix>\r\n");
    element(&mut xml, "version", &mixer.version);
    element(&mut xml, "edition", &mixer.edition);
    element(&mut xml, "preset", &mixer.preset);
    xml.push_str("<inputs>\r\n");
    for (index, input) in mixer.inputs.iter().enumerate() {
        write_input(&mut xml, index + 1, input);
    }
    xml.push_str("</inputs>\r\n");
    overlays(&mut xml, mixer);
    element(&mut xml, "preview", mixer.number_of(mixer.preview()));
    element(&mut xml, "active", mixer.number_of(mixer.active()));
    element(&mut xml, "fadeToBlack", flag(mixer.fade_to_black));
    transitions(&mut xml, mixer);
    outputs(&mut xml, mixer);
    for (index, mix) in mixer.mixes.iter().enumerate().skip(1) {
        push(&mut xml, format_args!("<mix number=\"{}\">\r\n", index + 1));
        element(&mut xml, "preview", mixer.number_of(&mix.preview));
        element(&mut xml, "active", mixer.number_of(&mix.active));
        xml.push_str("</mix>\r\n");
    }
    audio(&mut xml, mixer);
    dynamic(&mut xml, mixer);
    xml.push_str("</vmix>");
    xml
}

/// Text as it may stand in an element or an attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn flag(on: bool) -> &'static str {
    if on { "True" } else { "False" }
}

/// Writing to a `String` cannot fail.
fn push(xml: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = xml.write_fmt(text);
}

fn element(xml: &mut String, name: &str, text: impl std::fmt::Display) {
    push(xml, format_args!("<{name}>{}</{name}>\r\n", escape(&text.to_string())));
}

fn write_input(xml: &mut String, number: usize, input: &Input) {
    let title = escape(&input.title);
    push(
        xml,
        format_args!(
            "<input key=\"{}\" number=\"{number}\" type=\"{}\" title=\"{title}\" \
             shortTitle=\"{title}\" state=\"{}\" position=\"{}\" duration=\"{}\" loop=\"{}\"",
            input.key,
            escape(&input.kind),
            input.state.as_str(),
            input.position_ms,
            input.duration_ms,
            flag(input.looping),
        ),
    );
    if let Some(audio) = &input.audio {
        push(
            xml,
            format_args!(
                " muted=\"{}\" volume=\"{}\" balance=\"{}\" solo=\"{}\" soloPFL=\"False\" \
                 audiobusses=\"{}\" meterF1=\"0\" meterF2=\"0\" gainDb=\"{}\"",
                flag(audio.muted),
                audio.volume,
                audio.balance,
                flag(audio.solo),
                audio.buses,
                audio.gain_db,
            ),
        );
    }
    push(xml, format_args!(">{title}"));
    for (index, (name, text)) in input.texts.iter().enumerate() {
        let (name, text) = (escape(name), escape(text));
        push(xml, format_args!("<text index=\"{index}\" name=\"{name}\">{text}</text>"));
    }
    xml.push_str("</input>\r\n");
}

fn overlays(xml: &mut String, mixer: &Mixer) {
    xml.push_str("<overlays>\r\n");
    for (index, shown) in mixer.overlays.iter().enumerate() {
        let number = index + 1;
        match shown {
            Some(key) => {
                let input = mixer.number_of(key);
                push(xml, format_args!("<overlay number=\"{number}\">{input}</overlay>\r\n"));
            }
            None => push(xml, format_args!("<overlay number=\"{number}\" />\r\n")),
        }
    }
    xml.push_str("</overlays>\r\n");
}

fn transitions(xml: &mut String, mixer: &Mixer) {
    xml.push_str("<transitions>\r\n");
    for (index, transition) in mixer.transitions.iter().enumerate() {
        let (effect, duration) = (escape(&transition.effect), transition.duration_ms);
        push(
            xml,
            format_args!(
                "<transition number=\"{}\" effect=\"{effect}\" duration=\"{duration}\" />\r\n",
                index + 1
            ),
        );
    }
    xml.push_str("</transitions>\r\n");
}

fn outputs(xml: &mut String, mixer: &Mixer) {
    if mixer.recording {
        xml.push_str(
            "<recording duration=\"0\" filename1=\"D:\\capture.mp4\">True</recording>\r\n",
        );
    } else {
        element(xml, "recording", "False");
    }
    element(xml, "external", flag(mixer.external));
    let on = mixer.streaming.iter().any(|channel| *channel);
    if on {
        xml.push_str("<streaming");
        for (index, channel) in mixer.streaming.iter().enumerate().take(STREAMS) {
            push(xml, format_args!(" channel{}=\"{}\"", index + 1, flag(*channel)));
        }
        xml.push_str(">True</streaming>\r\n");
    } else {
        element(xml, "streaming", "False");
    }
    element(xml, "playList", flag(mixer.play_list));
    element(xml, "multiCorder", flag(mixer.multi_corder));
    element(xml, "fullscreen", flag(mixer.fullscreen));
}

fn audio(xml: &mut String, mixer: &Mixer) {
    let Bus { volume, muted, .. } = &mixer.master;
    push(
        xml,
        format_args!(
            "<audio>\r\n<master volume=\"{volume}\" muted=\"{}\" meterF1=\"0\" meterF2=\"0\" \
             headphonesVolume=\"{}\" />\r\n",
            flag(*muted),
            mixer.headphones_volume,
        ),
    );
    for (name, bus) in &mixer.buses {
        push(
            xml,
            format_args!(
                "<bus{name} volume=\"{}\" muted=\"{}\" meterF1=\"0\" meterF2=\"0\" \
                 solo=\"{}\" sendToMaster=\"{}\" />\r\n",
                bus.volume,
                flag(bus.muted),
                flag(bus.solo),
                flag(bus.send_to_master),
            ),
        );
    }
    xml.push_str("</audio>\r\n");
}

fn dynamic(xml: &mut String, mixer: &Mixer) {
    xml.push_str("<dynamic>\r\n");
    for (index, text) in mixer.dynamic_inputs.iter().enumerate() {
        element(xml, &format!("input{}", index + 1), text);
    }
    for (index, text) in mixer.dynamic_values.iter().enumerate() {
        element(xml, &format!("value{}", index + 1), text);
    }
    xml.push_str("</dynamic>\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(xml: &str, part: &str) {
        assert!(xml.contains(part), "{part} is not in\n{xml}");
    }

    #[test]
    fn the_state_is_written_as_vmix_writes_it() {
        let mut mixer = Mixer::default();
        mixer.streaming[2] = true;
        mixer.overlays[1] = Some(mixer.inputs[3].key.clone());
        mixer.inputs[0].title = "Black & \"White\" <1>".into();
        let xml = write(&mixer);
        contains(&xml, "<version>27.0.0.49</version>");
        contains(
            &xml,
            "number=\"1\" type=\"Colour\" title=\"Black &amp; &quot;White&quot; &lt;1&gt;\"",
        );
        contains(&xml, "number=\"3\" type=\"Video\" title=\"opener.mp4\"");
        contains(
            &xml,
            "state=\"Paused\" position=\"0\" duration=\"60000\" loop=\"False\" muted=\"False\"",
        );
        contains(&xml, "<overlay number=\"1\" />");
        contains(&xml, "<overlay number=\"2\">4</overlay>");
        contains(&xml, "<preview>2</preview>\r\n<active>1</active>");
        contains(&xml, "<streaming channel1=\"False\" channel2=\"False\" channel3=\"True\"");
        contains(&xml, "<busG volume=\"100\"");
        contains(&xml, "<text index=\"0\" name=\"Headline.Text\">Headline</text><text");
        contains(&xml, "<mix number=\"2\">");
        assert!(xml.ends_with("</vmix>"));
    }
}
