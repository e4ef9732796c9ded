"""Endpoints as a configuration names them."""

import base64
import re
import tomllib

import msgspec
import pytest
from msgspec.structs import replace

from gateways.alerts import Endpoint, LogFile, Webhook
from gateways.config import Config, ConfigRefused, keep_to_ourselves

SECRET = "whsec_" + base64.b64encode(b"canary-canary-canary-canary").decode()


def read(toml: str) -> Endpoint:
    return msgspec.convert(tomllib.loads(toml), Endpoint)


def webhook(url: str, more: str = "") -> str:
    return f'name = "pager"\n[channel]\nchannel = "webhook"\nurl = "{url}"\nsecrets = ["{SECRET}"]\n{more}'


def test_both_channels_decode() -> None:
    """The tag chooses the channel; the rest has defaults."""
    log = read('name = "log"\nchannel = { channel = "logfile", path = "alerts.log" }')
    assert log == Endpoint(name="log", channel=LogFile(path="alerts.log"))
    pager = read(webhook("https://pager.example/hook"))
    assert isinstance(pager.channel, Webhook)
    assert (pager.workers, pager.channel.timeout_s, pager.channel.allow_private) == (4, 5.0, False)


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('name = "x"\nchannel = { channel = "logfile", path = "a", colour = 1 }', "`colour` - at `$.channel`"),
        ('name = "x"\nchannel = { channel = "pigeon", path = "a" }', "'pigeon' - at `$.channel.channel`"),
        ('name = "x"\nworkers = 0\nchannel = { channel = "logfile", path = "a" }', "`$.workers`"),
        ('name = "x"\nchannel = { channel = "webhook", url = "https://a/", secrets = [] }', "`$.channel.secrets`"),
        ('name = "x"\nchannel = { channel = "webhook", url = "https://a/", secrets = ["x"] }', "whsec_"),
        (webhook("http://10.0.0.7/hook"), "allow_private = true"),
        (webhook("ftp://10.0.0.7/hook"), "must be https://host/path"),
        (webhook("https://me:pw@pager.example/"), "without a user or password"),
        (webhook("https://pager.example/", "timeout_s = 0"), "`$.channel.timeout_s`"),
        (webhook("/hook"), "must be https://host/path"),
        (webhook("https://pager.example:99999/"), "no port 99999"),
    ],
)
def test_mistakes_are_refused_by_name(toml: str, complaint: str) -> None:
    """Each says which key and why."""
    with pytest.raises(msgspec.ValidationError) as refused:
        read(toml)
    assert complaint in str(refused.value)


def test_plain_http_is_for_our_own_network() -> None:
    """It is taken where private addresses are."""
    assert read(webhook("http://10.0.0.7/hook", "allow_private = true")).name == "pager"


def test_nothing_printed_shows_a_secret() -> None:
    """Neither the key nor what may be a token in the url."""
    shown = repr(read(webhook("https://pager.example/T0KEN")))
    assert "pager.example" in shown
    assert SECRET not in shown
    assert "T0KEN" not in shown


RECEIVER = f'url = "https://acme.example/n"\nsecrets = ["{SECRET}"]'


@pytest.mark.parametrize(
    ("table", "config"),
    [
        ("[[subscriptions]]", f'[[subscriptions]]\nname = "acme"\n{RECEIVER}'),
        ("[eido]", '[eido]\nagency = "a.example"\nelement = "t.a.example"'),
        (
            "[[cap.publish.receivers]]",
            f'[cap.publish]\nsender = "city.example"\n[[cap.publish.receivers]]\nname = "acme"\n{RECEIVER}',
        ),
        ("[[asap.companies]]", f'[[asap.companies]]\nname = "acme"\n[asap.companies.notices]\n{RECEIVER}'),
    ],
)
def test_an_exercise_tells_no_other_organisation(table: str, config: str) -> None:
    """What would leave by another door than the alerts' is refused at the start, by name, unless it may hear of it."""
    keep_to_ourselves(Config(exercise=True))
    made = msgspec.convert(tomllib.loads(config), Config)
    keep_to_ourselves(made)
    with pytest.raises(ConfigRefused, match=re.escape(table)):
        keep_to_ourselves(replace(made, exercise=True))
    if RECEIVER in config:
        keep_to_ourselves(msgspec.convert(tomllib.loads(f"exercise = true\n{config}\nexercise = true"), Config))
