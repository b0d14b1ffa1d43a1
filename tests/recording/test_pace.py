import itertools

import pytest

from xafs_workers.recording.pace import AtOnce, Clock, Paced


class Time:
    """A clock that moves when somebody waits, and by `step` whenever somebody looks."""

    def __init__(self, now=1_700_000_000.0, step=0.0, stop_after=None):
        self.now, self.step, self.waits, self.stop_after = now, step, [], stop_after

    def look(self):
        self.now += self.step
        return self.now

    def wait(self, seconds):
        if seconds:
            self.waits.append(seconds)
        self.now += seconds
        return self.stop_after is not None and len(self.waits) >= self.stop_after

    def clock(self):
        return Clock(self.wait, self.look, self.look)


def ms(time):
    return int(time * 1000)


@pytest.mark.parametrize("step", [0.0, 0.0001, 0.003])
def test_at_once_stamps_rise_and_end_now(step):
    time = Time(step=step)
    pace = AtOnce(500, time.clock())
    stamps, nows = [], []
    for recorded in range(500):
        stamps.append(pace.stamp(recorded * 3600.0))
        nows.append(ms(time.now))
    assert all(b - a >= 1 for a, b in itertools.pairwise(stamps))
    assert stamps[-1] == nows[-1]
    assert all(stamp <= now for stamp, now in zip(stamps, nows, strict=True))
    assert time.waits == []


def test_at_once_goes_on_where_more_come_than_announced_or_the_clock_steps_back():
    time = Time()
    pace = AtOnce(1, time.clock())
    first = pace.stamp(0.0)
    time.now -= 100
    assert [pace.stamp(0.0), pace.stamp(0.0)] == [first + 1, first + 2]


def test_at_once_stops_when_asked():
    assert AtOnce(3, Clock(lambda seconds: True)).stamp(0.0) is None


@pytest.mark.parametrize(
    ("speed", "longest", "waits"), [(1, 30, [2.0, 30.0]), (10, 30, [0.2, 3.0]), (0.5, 5, [4.0, 10.0])]
)
def test_paced_waits_for_the_recorded_gaps(speed, longest, waits):
    time = Time()
    pace = Paced(speed, longest, time.clock())
    stamps = [pace.stamp(recorded) for recorded in (50.0, 52.0, 4000.0)]
    assert time.waits == pytest.approx(waits)
    assert stamps[0] == 1_700_000_000_000
    assert stamps[-1] == ms(time.now)


def test_paced_records_of_one_moment_leave_a_millisecond_apart_and_never_in_the_future():
    time = Time()
    pace = Paced(1, 30, time.clock())
    stamps = []
    for _ in range(20):
        stamps.append(pace.stamp(7.0))
        assert stamps[-1] <= ms(time.now)
    assert [b - a for a, b in itertools.pairwise(stamps)] == [1] * 19


def test_paced_catches_up_after_a_delay():
    time = Time()
    pace = Paced(1, 30, time.clock())
    pace.stamp(0.0)
    time.now += 5.0
    pace.stamp(1.0)
    assert time.waits == []
    pace.stamp(10.0)
    assert time.waits == pytest.approx([5.0])


def test_paced_takes_times_that_run_backwards_as_no_time():
    time = Time()
    pace = Paced(1, 30, time.clock())
    stamps = [pace.stamp(t) for t in (10.0, 4.0, 5.0)]
    assert stamps == sorted(set(stamps))
    assert sum(time.waits) == pytest.approx(1.0, abs=0.01)


def test_paced_goes_on_when_the_clock_is_set_back():
    time = Time()
    pace = Paced(1, 30, time.clock())
    first = pace.stamp(0.0)
    time.now -= 3600
    assert pace.stamp(0.0) == first + 1


def test_paced_stops_in_the_middle_of_a_wait():
    time = Time(stop_after=1)
    pace = Paced(1, 30, time.clock())
    assert pace.stamp(0.0) is not None
    assert pace.stamp(20.0) is None


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_is_positive(speed):
    with pytest.raises(ValueError, match="positive"):
        Paced(speed, 30, Clock(lambda seconds: False))
