"""The marketing channels of the demo, with the true effects that attribution tries to estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Channel:
    """A channel: its true effects on purchase and on sign-up (log-odds), and how often it brings which visitors."""

    key: str
    effect: float
    signup_effect: float
    first: float
    later: float
    returning: float
    bounce: float = 0.30


# Affiliates and direct are often the last touch without causing anything; paid social is often the first and harms.
CHANNELS = (
    Channel("direct", 0.0, 0.0, 9, 26, 30, 0.25),
    Channel("organic_search", 0.35, 0.20, 22, 14, 9, 0.28),
    Channel("paid_search", 0.60, 0.15, 12, 9, 7, 0.24),
    Channel("paid_social", -0.10, 0.10, 17, 6, 2, 0.42),
    Channel("organic_social", 0.15, 0.15, 12, 7, 5, 0.36),
    Channel("email", 0.65, 0.0, 0, 14, 25, 0.15),
    Channel("referral", 0.75, 0.30, 5, 4, 2, 0.20),
    Channel("organic_video", 0.45, 0.25, 7, 4, 1, 0.25),
    Channel("paid_video", -0.20, 0.0, 4, 1.5, 0.5, 0.48),
    Channel("display", -0.60, -0.30, 4, 3, 1, 0.60),
    Channel("affiliates", 0.0, -0.20, 1, 6, 6, 0.25),
    Channel("paid_shopping", 0.50, -0.10, 3, 2.5, 2, 0.25),
    Channel("organic_shopping", 0.10, -0.20, 1, 1, 1, 0.30),
    Channel("cross_network", 0.05, 0.0, 2, 1.5, 1, 0.35),
    Channel("sms", 0.25, 0.0, 0, 1, 4, 0.25),
    Channel("mobile_push", 0.10, 0.0, 0, 1, 4, 0.30),
    Channel("audio", -0.10, 0.0, 0.5, 0.2, 0.1, 0.40),
    Channel("paid_other", -0.20, 0.0, 0.5, 0.3, 0.1, 0.45),
    Channel("unassigned", 0.0, 0.0, 0.6, 0.4, 0.2, 0.35),
)
CODE = {channel.key: code for code, channel in enumerate(CHANNELS)}
DIRECT, EMAIL, REFERRAL = CODE["direct"], CODE["email"], CODE["referral"]
EFFECTS = np.array([channel.effect for channel in CHANNELS])
SIGNUP_EFFECTS = np.array([channel.signup_effect for channel in CHANNELS])
BOUNCE = np.array([channel.bounce for channel in CHANNELS])
FIRST = np.array([channel.first for channel in CHANNELS], dtype=np.float64)
LATER = np.array([channel.later for channel in CHANNELS], dtype=np.float64)
RETURNING = np.array([channel.returning for channel in CHANNELS], dtype=np.float64)
