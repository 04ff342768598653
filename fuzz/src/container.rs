//! Recordings around coded frames, as small as they can be: AVI for JPEG pictures, MP4 for H.264.

fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = [id, &(content.len() as u32).to_le_bytes()[..], content].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(id: &[u8; 4], kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(id, &[kind.to_vec(), parts.concat()].concat())
}

/// An AVI file of JPEG pictures, ten a second.
pub fn avi(pictures: &[Vec<u8>]) -> Vec<u8> {
    let mut main = vec![0; 56];
    main[..4].copy_from_slice(&100_000u32.to_le_bytes());
    let mut stream = vec![0; 56];
    stream[..8].copy_from_slice(b"vidsMJPG");
    stream[20..24].copy_from_slice(&1u32.to_le_bytes());
    stream[24..28].copy_from_slice(&10u32.to_le_bytes());
    let mut format = vec![0; 40];
    format[16..20].copy_from_slice(b"MJPG");
    let stream = list(b"LIST", b"strl", &[chunk(b"strh", &stream), chunk(b"strf", &format)]);
    let header = list(b"LIST", b"hdrl", &[chunk(b"avih", &main), stream]);
    let frames: Vec<_> = pictures.iter().map(|picture| chunk(b"00dc", picture)).collect();
    list(b"RIFF", b"AVI ", &[header, list(b"LIST", b"movi", &frames)])
}

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, &content].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// An MP4 file of one H.264 track, ten samples a second, each one NAL unit. `None` where a parameter set is too long
/// for its field.
pub fn mp4(sps: &[u8], pps: &[u8], units: &[&[u8]]) -> Option<Vec<u8>> {
    let ftyp = boxed(b"ftyp", &[b"isom", &[0; 4], b"isom"]);
    let prefixed = |unit: &&[u8]| [&(unit.len() as u32).to_be_bytes()[..], unit].concat();
    let samples: Vec<_> = units.iter().map(prefixed).collect();
    let length = |nal: &[u8]| u16::try_from(nal.len()).ok().map(u16::to_be_bytes);
    // Profile, constraints and level, which nobody here reads from this copy.
    let head = [1, 66, 0, 30, 0xff, 0xe1];
    let avcc = boxed(b"avcC", &[&head, &length(sps)?, sps, &[1], &length(pps)?, pps]);
    let mut entry = vec![0; 78];
    entry[7] = 1;
    entry[24..28].copy_from_slice(&[0, 64, 0, 48]);
    let count = samples.len() as u32;
    let sizes: Vec<u32> = samples.iter().map(|sample| sample.len() as u32).collect();
    let offset = ftyp.len() as u32 + 8;
    let table = [
        boxed(b"stsd", &[&words(&[0, 1]), &boxed(b"avc1", &[&entry, &avcc])]),
        boxed(b"stts", &[&words(&[0, 1, count, 100])]),
        boxed(b"stsc", &[&words(&[0, 1, 1, count, 1])]),
        boxed(b"stsz", &[&words(&[0, 0, count]), &words(&sizes)]),
        boxed(b"stco", &[&words(&[0, 1, offset])]),
    ]
    .concat();
    let dref = boxed(b"dref", &[&words(&[0, 1]), &boxed(b"url ", &[&words(&[1])])]);
    let minf = [boxed(b"vmhd", &[&[0; 12]]), boxed(b"dinf", &[&dref]), boxed(b"stbl", &[&table])].concat();
    let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, 1000, 100 * count, 0])]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
    let tkhd = boxed(b"tkhd", &[&words(&[7, 0, 0, 1, 0, 100 * count]), &[0; 60]]);
    let trak = boxed(b"trak", &[&tkhd, &boxed(b"mdia", &[&mdhd, &hdlr, &boxed(b"minf", &[&minf])])]);
    let mvhd = boxed(b"mvhd", &[&words(&[0, 0, 0, 1000, 100 * count]), &[0; 80]]);
    Some([ftyp, boxed(b"mdat", &[&samples.concat()]), boxed(b"moov", &[&mvhd, &trak])].concat())
}
