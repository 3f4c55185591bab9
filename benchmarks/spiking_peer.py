"""The networks of Brette et al. (2007) in Brian2, in an environment of its own: called by `speed_spiking.py`.

    python spiking_peer.py cuba|cobahh 32|64 cpp MILLISECONDS FOLDER
    python spiking_peer.py cuba|cobahh 32|64 cython MILLISECONDS ROUNDS

Needs `brian2==2.9.0` with `numpy<2.4`, and a C++ compiler. Prints one line of JSON. For C++ the program is built in
FOLDER, to be run by the caller, and the seconds of the build are given. For Cython the seconds of each round are given,
by the wall and of the processor, after a run that has compiled everything or found it in Brian2's cache, and the mean
rate.
"""

import json
import sys
import time

import brian2 as b
import numpy as np

network, bits, target, duration, last = sys.argv[1:6]
b.prefs.core.default_float_dtype = np.float32 if bits == "32" else np.float64
b.prefs.logging.console_log_level = "ERROR"
if target == "cpp":
    b.set_device("cpp_standalone", build_on_run=False)
else:
    b.prefs.codegen.target = "cython"
b.seed(1)
b.defaultclock.dt = 0.1 * b.ms
ms, mV = b.ms, b.mV


def cuba():
    equations = """
    dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
    dge/dt = -ge / (5*ms) : volt
    dgi/dt = -gi / (10*ms) : volt
    """
    cells = b.NeuronGroup(
        4000, equations, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact"
    )
    cells.v = "-60*mV + rand() * 10*mV"
    excite = b.Synapses(cells, cells, on_pre="ge += 1.62*mV")
    inhibit = b.Synapses(cells, cells, on_pre="gi -= 9*mV")
    return cells, excite, inhibit


def cobahh():
    equations = """
    dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v)
             - 20*uS*(m*m*m)*h*(v - 50*mV) - 6*uS*(n*n*n*n)*(v + 90*mV)) / (200*pF) : volt
    dm/dt = alpham*(1 - m) - betam*m : 1
    dn/dt = alphan*(1 - n) - betan*n : 1
    dh/dt = alphah*(1 - h) - betah*h : 1
    dge/dt = -ge / (5*ms) : siemens
    dgi/dt = -gi / (10*ms) : siemens
    alpham = 0.32*(mV**-1)*4*mV / exprel((13*mV - v - 63*mV) / (4*mV)) / ms : Hz
    betam = 0.28*(mV**-1)*5*mV / exprel((v + 63*mV - 40*mV) / (5*mV)) / ms : Hz
    alphah = 0.128*exp((17*mV - v - 63*mV) / (18*mV)) / ms : Hz
    betah = 4. / (1 + exp((40*mV - v - 63*mV) / (5*mV))) / ms : Hz
    alphan = 0.032*(mV**-1)*5*mV / exprel((15*mV - v - 63*mV) / (5*mV)) / ms : Hz
    betan = 0.5*exp((10*mV - v - 63*mV) / (40*mV)) / ms : Hz
    """
    cells = b.NeuronGroup(4000, equations, threshold="v > -20*mV", refractory=3 * ms, method="exponential_euler")
    cells.v = "-60*mV + (randn() * 5 - 5)*mV"
    cells.ge = "(randn() * 1.5 + 4) * 10*nS"
    cells.gi = "(randn() * 12 + 20) * 10*nS"
    excite = b.Synapses(cells, cells, on_pre="ge += 6*nS")
    inhibit = b.Synapses(cells, cells, on_pre="gi += 67*nS")
    return cells, excite, inhibit


cells, excite, inhibit = cuba() if network == "cuba" else cobahh()
excite.connect("i < 3200", p=0.02)
inhibit.connect("i >= 3200", p=0.02)
spikes = b.SpikeMonitor(cells)
everything = b.Network(cells, excite, inhibit, spikes)
if target == "cpp":
    everything.run(float(duration) * ms)
    begin = time.perf_counter()
    b.device.build(directory=last, compile=True, run=False)
    print(json.dumps({"build": time.perf_counter() - begin, "version": b.__version__}))
else:
    begin = time.perf_counter()
    everything.run(0.2 * ms)
    build = time.perf_counter() - begin
    times, processor = [], []
    for _ in range(int(last)):
        begin, used = time.perf_counter(), time.process_time()
        everything.run(float(duration) * ms)
        times.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    rate = int(spikes.num_spikes) / 4000 / (float(duration) * 1e-3 * int(last))
    found = {"seconds": times, "processor_seconds": processor, "build": build, "rate": rate}
    print(json.dumps(found | {"version": b.__version__}))
