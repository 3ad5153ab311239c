"""The contract and the damage tests ask files of every format, those of the small ones too."""

import made_files
import made_pdf
import made_small
import made_xml

made_files.MAKERS.update(made_small.SMALL)
made_files.WITH_NAME.update(made_small.WITH_NAME)
made_files.MAKERS.update(made_xml.XML)
made_files.WITH_NAME.update(made_xml.WITH_NAME)
made_files.MAKERS.update(made_pdf.PDF)
