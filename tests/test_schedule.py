"""The weekly schedule: every due week once, in order, sent where there are recipients, failures in the exit code."""

import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[1]
SCHEDULE = PROJECT / "deploy" / "schedule"


def run(tmp_path, *, recipients):
    """The script with a command that notes what it is asked, of which the report of W47 fails."""
    noted, ys = tmp_path / "noted", tmp_path / "ys"
    ys.write_text(
        f'#!/bin/sh\necho "$@" >> {noted}\n'
        'case "$*" in due) printf "2026-W47\\n2026-W48\\n";; "report --week 2026-W47"*) exit 14;; esac\n'
    )
    ys.chmod(0o755)
    file = tmp_path / "recipients.toml"
    if recipients:
        file.write_text("")
    known = {**os.environ, "YS": str(ys), "RECIPIENTS": str(file)}
    done = subprocess.run([SCHEDULE / "weekly.sh"], env=known, check=False)
    return done.returncode, noted.read_text().splitlines(), file


def test_every_due_week_is_printed_and_sent_though_one_fails(tmp_path):
    """The week that was missed comes first; the exit code is that of the failure."""
    code, noted, file = run(tmp_path, recipients=True)
    assert code == 14
    assert noted == [
        "due",
        "report --week 2026-W47 --all --resume",
        f"send --week 2026-W47 --recipients {file} --yes",
        "report --week 2026-W48 --all --resume",
        f"send --week 2026-W48 --recipients {file} --yes",
    ]


def test_without_recipients_nothing_is_sent(tmp_path):
    """Reports are printed all the same."""
    assert [line.split()[0] for line in run(tmp_path, recipients=False)[1]] == ["due", "report", "report"]


def test_systemd_can_read_the_units():
    """Where systemd is, it finds nothing wrong; the timer catches up on what it missed."""
    timer = (SCHEDULE / "ys-weekly.timer").read_text()
    assert "Persistent=true" in timer
    assert "OnCalendar=Mon *-*-* 02:00:00 UTC" in timer
    service = (SCHEDULE / "ys-weekly.service").read_text()
    assert "ExecStart=/srv/ys-analytics/deploy/schedule/weekly.sh" in service
    if shutil.which("systemd-analyze"):
        said = subprocess.run(
            ["systemd-analyze", "calendar", "Mon *-*-* 02:00:00 UTC"], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stderr


def test_the_line_for_cron_has_five_times_and_a_command():
    """Monday and Tuesday at two, and it runs the same script."""
    (line,) = [one for one in (SCHEDULE / "crontab").read_text().splitlines() if not one.startswith("#")]
    assert line.split()[:5] == ["0", "2", "*", "*", "1,2"]
    assert line.endswith("deploy/schedule/weekly.sh")
