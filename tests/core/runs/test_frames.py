"""Frames: what they show is the model of their moment, and training is the same without them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from tests.core.test_trainer import MODELS, assert_same
from tests.samples import tiny_model, tiny_run
from vae_core import Run, RunError, RunStore, TrainConfig, build_vae, fit
from vae_core.analysis import decode_mean
from vae_core.config import POSTERIORS
from vae_core.runs.frames import (
    OF_EPOCHS,
    FrameWriter,
    first_steps,
    frame_path,
    frames_bytes,
    n_points,
    read_frames,
)
from vae_core.trainer import EpochRecord, Pause, fit_with_pauses

MANY = TrainConfig(epochs=2, batch_size=4, threads=1)  # 24 updates an epoch


class Clock:
    """Seconds that pass only when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def framed(tmp_path_factory, digits) -> Run:
    """A finished run of 24 updates an epoch, with the frames that time allowed."""
    run = RunStore(tmp_path_factory.mktemp("framed")).create(replace(tiny_run(), train=MANY))
    list(run.train(digits))
    return run


def test_the_first_epoch_is_cut_finer():
    assert first_steps(469) == (0, 10, 30, 100, 300)
    assert first_steps(12) == (0, 10)
    assert first_steps(10) == (0,)


@pytest.mark.parametrize("settings", MODELS)
def test_pauses_change_no_bit_of_the_training(digits, settings):
    plain, paused = (build_vae(tiny_model(**settings), digits.image_shape) for _ in range(2))
    *_, whole = fit(plain, digits, MANY)
    steps, epochs = [], []
    for found in fit_with_pauses(paused, digits, MANY, pauses=first_steps(24)):
        assert not paused.training
        if isinstance(found, Pause):
            steps.append((found.step, found.epoch))
            torch.rand(3)
        else:
            epochs.append(found)
    assert_same(epochs[-1].state, whole.state)
    assert epochs[-1].test_distortion == whole.test_distortion
    assert steps == [(0, 0.0), (10, pytest.approx(40 / 96))]


def test_a_pause_shows_the_weights_after_so_many_updates(digits):
    """Those of a training whose epoch ends there: one update an epoch, of all images."""
    config = replace(MANY, batch_size=96)
    vae = build_vae(tiny_model(), digits.image_shape)
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    start, first, *_ = fit_with_pauses(vae, digits, config, pauses=(0, 1))
    assert (start.step, first.step) == (0, 1)
    vae = build_vae(tiny_model(), digits.image_shape)
    training = fit_with_pauses(vae, digits, config, pauses=(0, 1))
    next(training)
    assert all(torch.equal(before[name], value) for name, value in vae.state_dict().items())
    assert isinstance(next(training), Pause)
    paused = {name: value.clone() for name, value in vae.state_dict().items()}
    record = next(training)
    assert isinstance(record, EpochRecord)
    assert all(torch.equal(paused[name], value) for name, value in record.state.model.items())


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_a_frame_is_the_model_of_its_moment(tmp_path, digits, posterior):
    run = RunStore(tmp_path).create(tiny_run(posterior=posterior))
    *_, last = run.train(digits)
    vae, facts = run.vae(), run.data()
    FrameWriter(run.path, vae, digits, run.config.train)._take(9, 3.0)
    frame, codes = run.frame(9), run.codes()
    assert (frame.step, frame.epoch) == (9, 3.0)
    assert len(frame.codes) == n_points(vae.config, facts.n_test) == facts.n_test  # so few
    torch.testing.assert_close(frame.codes.params, codes.params, atol=1e-3, rtol=1e-3)
    assert torch.equal(frame.codes.labels, codes.labels)
    torch.testing.assert_close(frame.kl, codes.kl.mean(0).flatten())
    assert frame.rate == pytest.approx(last.test_rate, rel=1e-5)
    assert abs(frame.distortion - last.test_distortion) < 6 * frame.error  # other draws of z
    assert frame.error == pytest.approx(last.test_error, rel=0.2)
    assert len(frame.images) == len(frame.reconstructions) == 10
    grey = digits.test.images
    apart = [(grey - image / 255).abs().flatten(1).amax(1) for image in frame.images]
    own = [int(each.argmin()) for each in apart]
    assert max(float(each.min()) for each in apart) < 1 / 255
    assert digits.test.labels[own].tolist() == list(range(10))  # one of each class
    pictures = (decode_mean(vae, codes.mean[own]) * 255).round()
    assert (pictures - frame.reconstructions).abs().max() <= 1


def test_samples_are_of_the_same_noise_in_every_frame(framed, digits):
    vae = build_vae(tiny_model(), digits.image_shape)
    frames = []
    for step in (900, 901):
        FrameWriter(framed.path, vae, digits, MANY)._take(step, 1.0)
        frames.append(framed.frame(step))
        frame_path(framed.path, step).unlink()
    assert torch.equal(frames[0].samples, frames[1].samples)
    assert not torch.equal(frames[0].samples[0], frames[0].samples[1])


def test_a_run_has_frames_from_before_its_first_update_on(framed, finished_run):
    assert framed.frame_steps()[0] == 0
    assert set(framed.frame_steps()) <= {0, 10, 24, 48}
    frames = list(read_frames(framed.path, framed.config.model, framed.data()))
    assert [frame.step for frame in frames] == framed.frame_steps()
    assert frames[0].epoch == 0.0
    assert all(math.isfinite(frame.distortion + frame.rate) for frame in frames)
    assert framed.frame(0).rate == pytest.approx(float(framed.frame(0).kl.sum()), rel=1e-3)


def test_frames_take_at_most_their_share_of_the_time(tmp_path, digits):
    """A second for each frame, ten for each epoch: of 100 epochs, one frame in four."""
    clock, vae = Clock(), build_vae(tiny_model(), digits.image_shape)
    config = TrainConfig(epochs=100)
    writer = FrameWriter(tmp_path, vae, digits, config, clock)
    writer.n_steps, writer.first = 400, first_steps(400)

    def slowly(step: int, epoch: float) -> None:
        clock.now += 1.0

    writer._take = slowly
    assert writer.first == (0, 10, 30, 100, 300)
    # 1000 s of training to come, of which five are for the first epoch's frames
    taken = [writer.pause(Pause(step, step / 400, step * 0.025)) for step in writer.first]
    assert taken == [True] * 5
    # 20 s to come: a tenth of a second, which the first frame takes up
    short = FrameWriter(tmp_path, vae, digits, replace(config, epochs=2), clock)
    short.n_steps, short.first = writer.n_steps, writer.first
    short._take = slowly
    taken = [short.pause(Pause(step, step / 400, step * 0.025)) for step in short.first]
    assert taken == [True, True, False, False, False]
    begun, n_taken = clock.now, 0
    writer.began = begun
    for epoch in range(1, 101):
        clock.now += 10.0
        n_taken += writer.epoch(epoch)
    assert n_taken - 1 <= OF_EPOCHS * (clock.now - begun)
    assert n_taken > 20


def test_of_very_many_epochs_some_have_a_frame(tmp_path, digits):
    vae = build_vae(tiny_model(), digits.image_shape)
    writer = FrameWriter(tmp_path, vae, digits, TrainConfig(epochs=1000), Clock())
    writer._take = lambda step, epoch: None
    taken = [epoch for epoch in range(1, 1001) if writer.epoch(epoch)]
    assert len(taken) <= 150
    assert taken[-1] == 1000


def test_frames_beyond_the_state_are_dropped_on_resume(tmp_path, digits):
    run = RunStore(tmp_path).create(replace(tiny_run(), train=replace(MANY, epochs=4)))
    training = run.train(digits)
    next(training)
    training.close()
    source = frame_path(run.path, 0).read_bytes()
    frame_path(run.path, 48).write_bytes(source)
    training = run.train(digits)
    assert next(training).epoch == 2
    training.close()
    assert frame_path(run.path, 0).exists()
    assert not frame_path(run.path, 48).exists() or frame_path(run.path, 48).read_bytes() != source


def test_a_disk_without_room_does_not_stop_training(tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run())
    (run.path / "frames").write_text("a file where the folder should be")
    *_, last = run.train(digits)
    assert last.epoch == 3
    assert run.frame_steps() == []


@pytest.mark.parametrize("damage", ["truncated", "no codes", "other pictures", "wrong numbers"])
def test_a_damaged_frame_is_named_and_left_out(tmp_path, digits, damage):
    run = RunStore(tmp_path).create(tiny_run())
    next(run.train(digits))
    path = frame_path(run.path, 0)
    tensors = safetensors.torch.load_file(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        if damage == "no codes":
            del tensors["params"]
        elif damage == "other pictures":
            tensors["samples"] = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
        else:
            tensors["images"] = tensors["images"].float()
        safetensors.torch.save_file(tensors, path, {"step": "0"})
    with pytest.raises(RunError, match=r"00000000\.safetensors: "):
        run.frame(0)
    assert 0 not in [f.step for f in read_frames(run.path, run.config.model, run.data())]


def test_frames_of_a_large_latent_hold_few_points():
    large = tiny_model(latent=(16, 16, 16), network="conv")
    assert n_points(large, 10_000) == 16
    assert n_points(tiny_model(latent=(2,)), 10_000) == 500
    assert n_points(tiny_model(latent=(2,)), 90) == 90
    assert frames_bytes(large, (3, 64, 64), 10_000) < 100e6
