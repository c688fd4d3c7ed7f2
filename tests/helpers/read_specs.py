"""What SPECs give, and what could not be used of them."""

from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport


def read(*specs, **options):
    report = CorpusReport()
    return list(read_corpora([str(spec) for spec in specs], report, **options)), report
