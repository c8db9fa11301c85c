"""What Home Assistant's own demo lacks: a voice, and a camera with a stream."""

import io
import wave

from homeassistant.components.camera import Camera, CameraEntityFeature
from homeassistant.components.tts import TextToSpeechEntity


async def async_setup(hass, config):
    await hass.data["tts"].async_add_entities([Voice()])
    await hass.data["camera"].async_add_entities([Stage()])
    return True


class Voice(TextToSpeechEntity):
    """A voice that needs no network: a tenth of a second of silence for any text."""

    _attr_name = "Studio"
    _attr_unique_id = "studio_voice"
    default_language = "en"
    supported_languages = ["en", "de"]

    def get_tts_audio(self, message, language, options):
        sound = io.BytesIO()
        with wave.open(sound, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(1600))
        return "wav", sound.getvalue()


class Stage(Camera):
    """A camera whose stream exists as far as Home Assistant is asked: nobody plays it here."""

    _attr_name = "Stage"
    _attr_unique_id = "studio_stage"
    _attr_supported_features = CameraEntityFeature.STREAM

    async def stream_source(self):
        return "rtsp://127.0.0.1:9/stage"

    async def async_camera_image(self, width=None, height=None):
        return None
