from ._kinds import FileKind as FileKind
from ._kinds import sniff as sniff
from ._recordings import read_recording as read_recording
